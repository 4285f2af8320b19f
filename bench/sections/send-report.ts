import { medianOf } from '../measure.ts';
import { atMost, type Bar, type Claim, digits, type Table } from '../result.ts';
import { CALIBRATION, GO, LARGE_PARTS, PLAIN, type SendCase, type Sender, TLS } from './send-cases.ts';
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
      `${digits((100 * sent.checksumSeconds) / medianOf(ofCase(sent, name, 'partway'), cpuSecondsOf))} %`,
      digits(withoutChecksum(sent, name)),
    ]),
  };
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
  const has = (sendCase: SendCase, sender: Sender): boolean => runsOf(sent, sendCase, sender).length > 0;
  const claims: Claim[] = [
    atMost('CPU against ali-oss, proof on', cpuRatio(sent, PLAIN, 'partway', 'ali-oss'), 0.5, '×'),
    atMost('the same over TLS', cpuRatio(sent, TLS, 'partway', 'ali-oss'), 0.5, '×'),
    atMost('what CRC64 adds', (sent.checksumSeconds * GIB) / sent.fileSize, 0.3, ' CPU s/GiB'),
    atMost('CPU without CRC64 against bare undici', withoutChecksum(sent, PLAIN.name), 1.35, '×'),
    atMost('longest block of the event loop', blockMs(sent), 20, ' ms'),
    {
      claim: "the sink's CPU below Partway's",
      figure: `${digits(sinkRatio(sent))}×`,
      holds: sinkRatio(sent) < 1,
    },
  ];
  if (has(PLAIN, GO)) {
    claims.push(atMost('CPU against the Go SDK with CRC64', cpuRatio(sent, PLAIN, 'partway', GO), 0.75, '×'));
  }
  if (has(LARGE_PARTS, 'partway')) {
    const growth = peakOf(sent, LARGE_PARTS) - peakOf(sent, PLAIN);
    claims.push(atMost('memory growing from 8 to 32 MiB parts by', growth, 8, ' MiB'));
  }
  return claims;
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

function peakOf(sent: Sent, sendCase: SendCase): number {
  return medianOf(runsOf(sent, sendCase, 'partway'), peakMib);
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
