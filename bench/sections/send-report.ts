import { medianOf } from '../measure.ts';
import { atMost, type Bar, type Claim, digits, type Table } from '../result.ts';
import { CALIBRATION, CASES, GO, PLAIN, type SendCase, type Sender } from './send-cases.ts';
import type { SendRun } from './send-runs.ts';

export interface Sent {
  readonly runs: readonly SendRun[];
  readonly fileSize: number;
  /** CPU of CRC64 alone over the file. */
  readonly checksumSeconds: number;
}

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

export function perGibibyte(seconds: number, size: number): string {
  return digits((seconds * GIB) / size);
}

export function tableOf(sent: Sent, sendCase: SendCase): Table {
  const senders = sendCase.senders.filter((sender) => runsOf(sent, sendCase, sender).length > 0);
  return {
    title: sendCase.name,
    columns: [
      'sender',
      'CPU s/GiB',
      `× ${CALIBRATION}`,
      'Partway ÷ it',
      'wall s/GiB',
      'peak MiB',
      'longest block ms',
      'p99 ms',
      "sink's CPU s/GiB",
    ],
    rows: senders.map((sender) => rowOf(sent, sendCase, sender)),
  };
}

function rowOf(sent: Sent, sendCase: SendCase, sender: Sender): readonly string[] {
  const runs = runsOf(sent, sendCase, sender);
  const perGib = (of: (run: SendRun) => number): string => perGibibyte(medianOf(runs, of), sent.fileSize);
  const loop = (of: (run: SendRun) => number | undefined): string =>
    sender === GO ? '–' : digits(medianOf(runs, (run) => of(run) ?? 0));
  return [
    sender,
    perGib(cpuSecondsOf),
    digits(cpuRatio(sent, sendCase, sender, CALIBRATION)),
    digits(cpuRatio(sent, sendCase, 'partway', sender)),
    perGib(({ usage }) => usage.wallSeconds),
    digits(medianOf(runs, peakMib)),
    loop(({ usage }) => usage.loopBlockMs),
    loop(({ usage }) => usage.loopBlockP99Ms),
    perGib(({ sinkCpuSeconds }) => sinkCpuSeconds),
  ];
}

/** Of every case: what CRC64 is of Partway's CPU, and how the rest compares with the bare loop. */
export function shareTable(sent: Sent): Table {
  const names = new Set(sent.runs.map(({ caseName }) => caseName));
  return {
    title: 'The share of proving',
    columns: ['case', 'CRC64 alone s/GiB', 'of Partway’s CPU', 'Partway without it ÷ bare undici'],
    rows: [...names].map((name) => [
      name,
      perGibibyte(sent.checksumSeconds, sent.fileSize),
      `${digits(100 * checksumShare(sent, name))} %`,
      digits(withoutChecksum(sent, name)),
    ]),
  };
}

function checksumShare(sent: Sent, caseName: string): number {
  return sent.checksumSeconds / medianOf(ofCase(sent, caseName, 'partway'), cpuSecondsOf);
}

function withoutChecksum(sent: Sent, caseName: string): number {
  const bare = ofCase(sent, caseName, 'undici');
  const ratios = ofCase(sent, caseName, 'partway').map(
    ({ usage }, round) =>
      (usage.cpuSeconds - sent.checksumSeconds) / (bare[round]?.usage.cpuSeconds ?? Number.NaN),
  );
  return medianOf(ratios, (ratio) => ratio);
}

export function claimsOf(sent: Sent): readonly Claim[] {
  const measured = CASES.filter((sendCase) => runsOf(sent, sendCase, 'partway').length > 0);
  return [
    ...measured.flatMap((sendCase) => cpuClaims(sent, sendCase)),
    atMost('the share of proving', 100 * checksumShare(sent, PLAIN.name), 20, ' %'),
    ...measured.map((sendCase) =>
      atMost(`peak memory, ${sendCase.name}`, peakMb(sent, sendCase), 130, ' MB'),
    ),
    atMost('longest block of the event loop', blockMs(sent), 20, ' ms'),
    {
      claim: "the sink's CPU below Partway's",
      figure: `${digits(sinkRatio(sent))}×`,
      holds: sinkRatio(sent) < 1,
    },
  ];
}

/** Proof on; the others of whom something is claimed prove nothing, but for the Go SDK. */
function cpuClaims(sent: Sent, sendCase: SendCase): readonly Claim[] {
  const against = (other: Sender, bound: number): readonly Claim[] =>
    runsOf(sent, sendCase, other).length === 0
      ? []
      : [
          atMost(
            `CPU against ${other}, ${sendCase.name}`,
            cpuRatio(sent, sendCase, 'partway', other),
            bound,
            '×',
          ),
        ];
  if (sendCase.isTls) return against('ali-oss', 0.5);
  return [...against('ali-oss', 0.42), ...against('undici', 1.35), ...against(GO, 0.55)];
}

export function barsOf(sent: Sent): readonly Bar[] {
  return PLAIN.senders.flatMap((sender) => {
    const runs = runsOf(sent, PLAIN, sender);
    if (runs.length === 0) return [];
    const value = (medianOf(runs, cpuSecondsOf) * GIB) / sent.fileSize;
    return [{ label: sender, value, isOurs: sender === 'partway' }];
  });
}

function cpuRatio(sent: Sent, sendCase: SendCase, sender: Sender, other: Sender): number {
  const others = runsOf(sent, sendCase, other);
  const ratios = runsOf(sent, sendCase, sender).map(
    ({ usage }, round) => usage.cpuSeconds / (others[round]?.usage.cpuSeconds ?? Number.NaN),
  );
  return medianOf(ratios, (ratio) => ratio);
}

function sinkRatio(sent: Sent): number {
  return medianOf(
    runsOf(sent, PLAIN, 'partway'),
    ({ usage, sinkCpuSeconds }) => sinkCpuSeconds / usage.cpuSeconds,
  );
}

function blockMs(sent: Sent): number {
  return medianOf(runsOf(sent, PLAIN, 'partway'), ({ usage }) => usage.loopBlockMs ?? 0);
}

function peakMb(sent: Sent, sendCase: SendCase): number {
  return medianOf(runsOf(sent, sendCase, 'partway'), ({ usage }) => usage.peakMemory / 1e6);
}

function cpuSecondsOf({ usage }: SendRun): number {
  return usage.cpuSeconds;
}

function peakMib({ usage }: SendRun): number {
  return usage.peakMemory / MIB;
}

/** In order of the rounds. */
function runsOf(sent: Sent, sendCase: SendCase, sender: Sender): readonly SendRun[] {
  return ofCase(sent, sendCase.name, sender);
}

function ofCase({ runs }: Sent, caseName: string, sender: Sender): readonly SendRun[] {
  return runs.filter((run) => run.caseName === caseName && run.sender === sender);
}
