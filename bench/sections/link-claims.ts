import { median, medianOf } from '../measure.ts';
import { atLeast, type Claim, digits } from '../result.ts';
import { CLEAN_LINKS, type Concurrency, type LinkCase, LOSSY, SHALLOW, THROTTLED } from './link-cases.ts';

/** One upload over a link. */
export interface LinkRun {
  readonly caseName: string;
  readonly concurrency: Concurrency;
  /** Counted from 0. */
  readonly round: number;
  readonly bytesPerSecond: number;
  readonly refused: number;
}

/** Those that can be made of what was measured: `auto` may be missing, and quick runs have fewer links. */
export function claimsOf(runs: readonly LinkRun[]): readonly Claim[] {
  if (!runs.some(({ concurrency }) => concurrency === 'auto')) return [];
  const gain = (linkCase: LinkCase, other: Concurrency): number => gainOver(runs, linkCase, other);
  return [
    atLeast('auto against a fixed 5 at 1 % loss', gain(LOSSY, 5), 4, '×'),
    atLeast('auto against a fixed 5 behind a shallow buffer', gain(SHALLOW, 5), 1.9, '×'),
    ...CLEAN_LINKS.filter((linkCase) => runsOf(runs, linkCase, 'auto').length > 0).map((linkCase) =>
      atLeast(`auto against the best fixed value, ${linkCase.name}`, gainOverBest(runs, linkCase), 0.95, '×'),
    ),
    refusalClaim(runs),
    atLeast('its goodput against a fixed 16 there', gain(THROTTLED, 16), 1, '×'),
  ];
}

export function gainOverBest(runs: readonly LinkRun[], linkCase: LinkCase): number {
  const fixed = new Set(runs.map(({ concurrency }) => concurrency).filter((value) => value !== 'auto'));
  const [best = 'auto'] = [...fixed].sort((a, b) => speedOf(runs, linkCase, b) - speedOf(runs, linkCase, a));
  return gainOver(runs, linkCase, best);
}

/** Of `auto`, within each round: from one round to the next machines change more than that. */
export function gainOver(runs: readonly LinkRun[], linkCase: LinkCase, other: Concurrency): number {
  const others = runsOf(runs, linkCase, other);
  const gains = runsOf(runs, linkCase, 'auto').flatMap(({ round, bytesPerSecond }) => {
    const peer = others.find((run) => run.round === round);
    return peer === undefined ? [] : [bytesPerSecond / peer.bytesPerSecond];
  });
  return median(gains);
}

function refusalClaim(runs: readonly LinkRun[]): Claim {
  const [auto, fixed] = (['auto', 16] as const).map((value) =>
    medianOf(runsOf(runs, THROTTLED, value), ({ refused }) => refused),
  );
  return {
    claim: 'refusals of auto below those of a fixed 16 where the server responds 503 above a rate',
    figure: `${digits(auto ?? Number.NaN)} against ${digits(fixed ?? Number.NaN)}`,
    holds: (auto ?? 0) < (fixed ?? 0),
  };
}

export function speedOf(runs: readonly LinkRun[], linkCase: LinkCase, concurrency: Concurrency): number {
  return medianOf(runsOf(runs, linkCase, concurrency), ({ bytesPerSecond }) => bytesPerSecond);
}

export function runsOf(
  runs: readonly LinkRun[],
  { name }: LinkCase,
  concurrency: Concurrency,
): readonly LinkRun[] {
  return runs.filter((run) => run.caseName === name && run.concurrency === concurrency);
}
