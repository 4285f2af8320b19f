import type { ClientName } from '../clients/client.ts';

const MIB = 1024 ** 2;

/** The Go SDK runs in its own program, and only on machines with `go`. */
export const GO = 'OSS Go SDK v2, CRC64 on';
export type Sender = ClientName | typeof GO;

export interface SendCase {
  readonly name: string;
  readonly partSize: number;
  readonly concurrency: number;
  readonly isTls: boolean;
  readonly senders: readonly Sender[];
  /** Whether `bench:quick` runs it too. */
  readonly isQuick: boolean;
}

/** The first sender of every round, and the base of the ratios. */
export const CALIBRATION = 'raw socket';

const MAIN_SENDERS: readonly Sender[] = [
  CALIBRATION,
  'partway',
  'undici, CRC64 on',
  'undici',
  'node:http',
  'ali-oss',
  GO,
];
const ALL_SENDERS: readonly Sender[] = [...MAIN_SENDERS, 'fetch', '@aws-sdk/lib-storage'];

/** The senders in the chart. */
export const PLAIN: SendCase = {
  name: 'plain, 8 MiB parts, 4 in flight',
  partSize: 8 * MIB,
  concurrency: 4,
  isTls: false,
  senders: ALL_SENDERS,
  isQuick: true,
};
const LARGE_PARTS: SendCase = {
  ...PLAIN,
  name: 'plain, 32 MiB parts, 4 in flight',
  partSize: 32 * MIB,
  senders: MAIN_SENDERS,
  isQuick: false,
};
const TLS: SendCase = { ...PLAIN, name: 'TLS, 8 MiB parts, 4 in flight', isTls: true };

export const CASES: readonly SendCase[] = [
  PLAIN,
  {
    ...PLAIN,
    name: 'plain, 8 MiB parts, 8 in flight',
    concurrency: 8,
    senders: MAIN_SENDERS,
    isQuick: false,
  },
  LARGE_PARTS,
  { ...LARGE_PARTS, name: 'plain, 32 MiB parts, 8 in flight', concurrency: 8 },
  { ...LARGE_PARTS, name: 'plain, 512 MiB parts, 4 in flight', partSize: 512 * MIB },
  TLS,
];
