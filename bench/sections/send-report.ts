import { medianOf } from '../measure.ts';
import { atMost, type Bar, type Claim, formatFigure, type Table } from '../result.ts';
import { CALIBRATION, CASES, GO, PLAIN, type SendCase, type Sender } from './send-cases.ts';
import type { SendRun } from './send-runs.ts';

export interface SendMeasurement {
  readonly runs: readonly SendRun[];
  readonly fileSize: number;
  /** CPU time of CRC64 alone for the file. */
  readonly checksumSeconds: number;
}

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

export function formatPerGibibyte(seconds: number, size: number): string {
  return formatFigure((seconds * GIB) / size);
}

export function createTable(measurement: SendMeasurement, sendCase: SendCase): Table {
  const senders = sendCase.senders.filter((sender) => filterRuns(measurement, sendCase, sender).length > 0);
  return {
    title: sendCase.name,
    columns: [
      'sender',
      'CPU s/GiB',
      `× ${CALIBRATION}`,
      'Partway ÷ this row',
      'wall s/GiB',
      'peak MiB',
      'longest block ms',
      'p99 ms',
      'sink CPU s/GiB',
    ],
    rows: senders.map((sender) => createRow(measurement, sendCase, sender)),
  };
}

function createRow(measurement: SendMeasurement, sendCase: SendCase, sender: Sender): readonly string[] {
  const runs = filterRuns(measurement, sendCase, sender);
  const perGib = (of: (run: SendRun) => number): string =>
    formatPerGibibyte(medianOf(runs, of), measurement.fileSize);
  const loop = (of: (run: SendRun) => number | undefined): string =>
    sender === GO ? '–' : formatFigure(medianOf(runs, (run) => of(run) ?? 0));
  return [
    sender,
    perGib(cpuSecondsOf),
    formatFigure(cpuRatio(measurement, sendCase, sender, CALIBRATION)),
    formatFigure(cpuRatio(measurement, sendCase, 'partway', sender)),
    perGib(({ usage }) => usage.wallSeconds),
    formatFigure(medianOf(runs, peakMib)),
    loop(({ usage }) => usage.loopBlockMs),
    loop(({ usage }) => usage.loopBlockP99Ms),
    perGib(({ sinkCpuSeconds }) => sinkCpuSeconds),
  ];
}

/**
 * For each case: the share of CRC64 in the CPU time of Partway, and the rest compared with the undici loop.
 */
export function createChecksumTable(measurement: SendMeasurement): Table {
  const names = new Set(measurement.runs.map(({ caseName }) => caseName));
  return {
    title: 'CPU share of CRC64',
    columns: ['case', 'CRC64 s/GiB', 'share of Partway’s CPU', 'Partway without CRC64 ÷ undici'],
    rows: [...names].map((name) => [
      name,
      formatPerGibibyte(measurement.checksumSeconds, measurement.fileSize),
      `${formatFigure(100 * computeChecksumShare(measurement, name))} %`,
      formatFigure(computeRatioWithoutChecksum(measurement, name)),
    ]),
  };
}

function computeChecksumShare(measurement: SendMeasurement, caseName: string): number {
  return measurement.checksumSeconds / medianOf(filterByCase(measurement, caseName, 'partway'), cpuSecondsOf);
}

function computeRatioWithoutChecksum(measurement: SendMeasurement, caseName: string): number {
  const undici = filterByCase(measurement, caseName, 'undici');
  const ratios = filterByCase(measurement, caseName, 'partway').map(
    ({ usage }, round) =>
      (usage.cpuSeconds - measurement.checksumSeconds) / (undici[round]?.usage.cpuSeconds ?? Number.NaN),
  );
  return medianOf(ratios, (ratio) => ratio);
}

export function createClaims(measurement: SendMeasurement): readonly Claim[] {
  const measured = CASES.filter((sendCase) => filterRuns(measurement, sendCase, 'partway').length > 0);
  return [
    ...measured.flatMap((sendCase) => createCpuClaims(measurement, sendCase)),
    atMost('CPU share of CRC64', 100 * computeChecksumShare(measurement, PLAIN.name), 20, ' %'),
    ...measured.map((sendCase) =>
      atMost(`peak memory, ${sendCase.name}`, peakMb(measurement, sendCase), 130, ' MB'),
    ),
    atMost('longest block of the event loop', blockMs(measurement), 20, ' ms'),
    {
      claim: 'CPU of the sink below that of Partway',
      figure: `${formatFigure(sinkRatio(measurement))}×`,
      holds: sinkRatio(measurement) < 1,
    },
  ];
}

/** Partway proves its parts. Of the compared senders only the Go SDK does. */
function createCpuClaims(measurement: SendMeasurement, sendCase: SendCase): readonly Claim[] {
  const compare = (other: Sender, limit: number): readonly Claim[] =>
    filterRuns(measurement, sendCase, other).length === 0
      ? []
      : [
          atMost(
            `CPU against ${other}, ${sendCase.name}`,
            cpuRatio(measurement, sendCase, 'partway', other),
            limit,
            '×',
          ),
        ];
  if (sendCase.isTls) return compare('ali-oss', 0.5);
  return [...compare('ali-oss', 0.42), ...compare('undici', 1.35), ...compare(GO, 0.55)];
}

export function createBars(measurement: SendMeasurement): readonly Bar[] {
  return PLAIN.senders.flatMap((sender) => {
    const runs = filterRuns(measurement, PLAIN, sender);
    if (runs.length === 0) return [];
    const value = (medianOf(runs, cpuSecondsOf) * GIB) / measurement.fileSize;
    return [{ label: sender, value, isOurs: sender === 'partway' }];
  });
}

function cpuRatio(measurement: SendMeasurement, sendCase: SendCase, sender: Sender, other: Sender): number {
  const others = filterRuns(measurement, sendCase, other);
  const ratios = filterRuns(measurement, sendCase, sender).map(
    ({ usage }, round) => usage.cpuSeconds / (others[round]?.usage.cpuSeconds ?? Number.NaN),
  );
  return medianOf(ratios, (ratio) => ratio);
}

function sinkRatio(measurement: SendMeasurement): number {
  return medianOf(
    filterRuns(measurement, PLAIN, 'partway'),
    ({ usage, sinkCpuSeconds }) => sinkCpuSeconds / usage.cpuSeconds,
  );
}

function blockMs(measurement: SendMeasurement): number {
  return medianOf(filterRuns(measurement, PLAIN, 'partway'), ({ usage }) => usage.loopBlockMs ?? 0);
}

function peakMb(measurement: SendMeasurement, sendCase: SendCase): number {
  return medianOf(filterRuns(measurement, sendCase, 'partway'), ({ usage }) => usage.peakMemory / 1e6);
}

function cpuSecondsOf({ usage }: SendRun): number {
  return usage.cpuSeconds;
}

function peakMib({ usage }: SendRun): number {
  return usage.peakMemory / MIB;
}

/** The runs, in the order of the rounds. */
function filterRuns(measurement: SendMeasurement, sendCase: SendCase, sender: Sender): readonly SendRun[] {
  return filterByCase(measurement, sendCase.name, sender);
}

function filterByCase({ runs }: SendMeasurement, caseName: string, sender: Sender): readonly SendRun[] {
  return runs.filter((run) => run.caseName === caseName && run.sender === sender);
}
