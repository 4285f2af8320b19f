import { median, medianOf } from '../measure.ts';
import { atLeast, type Claim, formatFigure } from '../result.ts';
import { CLEAN_LINKS, type Concurrency, type LinkCase, LOSSY, SHALLOW, THROTTLED } from './link-cases.ts';

/** One upload over a link. */
export interface LinkRun {
  readonly caseName: string;
  readonly concurrency: Concurrency;
  /** From 0. */
  readonly round: number;
  readonly bytesPerSecond: number;
  readonly refused: number;
}

/** The claims for the measured links: `auto` may be missing, and quick runs have fewer links. */
export function createClaims(runs: readonly LinkRun[]): readonly Claim[] {
  if (!runs.some(({ concurrency }) => concurrency === 'auto')) return [];
  const gain = (linkCase: LinkCase, other: Concurrency): number => computeGain(runs, linkCase, other);
  return [
    atLeast('auto against a fixed 5 at 1 % loss', gain(LOSSY, 5), 4, '×'),
    atLeast('auto against a fixed 5 behind a shallow buffer', gain(SHALLOW, 5), 1.9, '×'),
    ...CLEAN_LINKS.filter((linkCase) => filterRuns(runs, linkCase, 'auto').length > 0).map((linkCase) =>
      atLeast(
        `auto against the best fixed value, ${linkCase.name}`,
        computeGainOverBest(runs, linkCase),
        0.95,
        '×',
      ),
    ),
    createRefusalClaim(runs),
    atLeast('goodput of auto against a fixed 16 with 503 above a rate', gain(THROTTLED, 16), 1, '×'),
  ];
}

export function computeGainOverBest(runs: readonly LinkRun[], linkCase: LinkCase): number {
  const fixed = new Set(runs.map(({ concurrency }) => concurrency).filter((value) => value !== 'auto'));
  const [best = 'auto'] = [...fixed].sort(
    (a, b) => medianSpeed(runs, linkCase, b) - medianSpeed(runs, linkCase, a),
  );
  return computeGain(runs, linkCase, best);
}

/**
 * The speed of `auto` divided by that of the other value, within each round: rounds differ more than values.
 */
export function computeGain(runs: readonly LinkRun[], linkCase: LinkCase, other: Concurrency): number {
  const others = filterRuns(runs, linkCase, other);
  const gains = filterRuns(runs, linkCase, 'auto').flatMap(({ round, bytesPerSecond }) => {
    const other = others.find((run) => run.round === round);
    return other === undefined ? [] : [bytesPerSecond / other.bytesPerSecond];
  });
  return median(gains);
}

function createRefusalClaim(runs: readonly LinkRun[]): Claim {
  const [auto, fixed] = (['auto', 16] as const).map((value) =>
    medianOf(filterRuns(runs, THROTTLED, value), ({ refused }) => refused),
  );
  return {
    claim: 'refusals of auto below those of a fixed 16 with 503 above a rate',
    figure: `${formatFigure(auto ?? Number.NaN)} against ${formatFigure(fixed ?? Number.NaN)}`,
    holds: (auto ?? 0) < (fixed ?? 0),
  };
}

export function medianSpeed(runs: readonly LinkRun[], linkCase: LinkCase, concurrency: Concurrency): number {
  return medianOf(filterRuns(runs, linkCase, concurrency), ({ bytesPerSecond }) => bytesPerSecond);
}

export function filterRuns(
  runs: readonly LinkRun[],
  { name }: LinkCase,
  concurrency: Concurrency,
): readonly LinkRun[] {
  return runs.filter((run) => run.caseName === name && run.concurrency === concurrency);
}
