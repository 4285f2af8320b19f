import type { UpDownCounter } from '@opentelemetry/api';
import { type Attributes, type Counter, type Histogram, type Meter, metrics } from '@opentelemetry/api';
import type { UploadError } from '../errors.ts';
import type { UploadEvent } from '../index.ts';
import { withoutUndefined } from '../without-undefined.ts';
import { SCOPE } from './attributes.ts';

/** The metrics of all uploads, as docs/reference/telemetry.md lists them. */
export interface Instruments {
  readonly open: UpDownCounter;
  readonly uploadSeconds: Histogram;
  readonly partSeconds: Histogram;
  readonly bytes: Counter;
  readonly retries: Counter;
  readonly stalls: Counter;
  readonly failedProofs: Counter;
}

/** Seconds: from a part on a fast link to an upload of a day. */
const BOUNDARIES = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400];

export function createInstruments(meter: Meter = metrics.getMeter(SCOPE)): Instruments {
  const seconds = { unit: 's', advice: { explicitBucketBoundaries: BOUNDARIES } };
  return {
    open: meter.createUpDownCounter('partway.uploads.open', {
      unit: '{upload}',
      description: 'Started and not ended uploads, including paused ones.',
    }),
    uploadSeconds: meter.createHistogram('partway.upload.duration', {
      ...seconds,
      description: 'From the first request of an upload to its end, including pauses.',
    }),
    partSeconds: meter.createHistogram('partway.part.duration', {
      ...seconds,
      description: 'From the first attempt of a part to its confirmation.',
    }),
    bytes: meter.createCounter('partway.bytes.confirmed', {
      unit: 'By',
      description: 'Bytes of parts that OSS has confirmed, or already had.',
    }),
    retries: meter.createCounter('partway.retries', {
      unit: '{retry}',
      description: 'Retried requests.',
    }),
    stalls: meter.createCounter('partway.stalls', {
      unit: '{stall}',
      description: 'Attempts of a part that were aborted after a stall.',
    }),
    failedProofs: meter.createCounter('partway.proofs.failed', {
      unit: '{proof}',
      description: 'Parts and objects in OSS with another CRC64 than the sent bytes.',
    }),
  };
}

/** Updates the metrics with the events of one upload. */
export interface UploadMetrics {
  onEvent(event: UploadEvent): void;
}

/** An upload is open from the instant `at` until `completed` or `failed`. */
export function startUploadMetrics(instruments: Instruments, at: number): UploadMetrics {
  const startedAt = at;
  const partStartedAt = new Map<number, number>();
  let bucket: Attributes = {};
  let isCompleting = false;
  instruments.open.add(1);

  function countFailure(error: UploadError): void {
    const { code } = error;
    if (code === 'stalled') instruments.stalls.add(1, bucket);
    if (code !== 'checksum_mismatch') return;
    instruments.failedProofs.add(1, { ...bucket, 'partway.proof': isCompleting ? 'object' : 'part' });
  }

  function countConfirmedPart({
    partNumber,
    size,
    at,
  }: Extract<UploadEvent, { type: 'part-confirmed' }>): void {
    const partAt = partStartedAt.get(partNumber);
    partStartedAt.delete(partNumber);
    instruments.bytes.add(size, { ...bucket, 'partway.existing': partAt === undefined });
    if (partAt !== undefined) instruments.partSeconds.record((at - partAt) / 1000, bucket);
  }

  function countEnd(at: number, outcome: string, error?: UploadError): void {
    const attributes = { ...bucket, 'partway.outcome': outcome, 'error.type': error?.code };
    instruments.open.add(-1);
    instruments.uploadSeconds.record((at - startedAt) / 1000, withoutUndefined(attributes));
  }

  return {
    onEvent(event) {
      switch (event.type) {
        case 'opened':
          bucket = { 'partway.bucket': event.bucket };
          isCompleting = false;
          partStartedAt.clear();
          return;
        case 'part-attempt':
          if (!partStartedAt.has(event.partNumber)) partStartedAt.set(event.partNumber, event.at);
          return;
        case 'part-confirmed':
          countConfirmedPart(event);
          return;
        case 'retrying':
          instruments.retries.add(1, { ...bucket, 'error.type': event.error.code });
          countFailure(event.error);
          return;
        case 'completing':
          // The second time: the parts in OSS differed from the confirmed ones, and were sent again.
          if (isCompleting) instruments.failedProofs.add(1, { ...bucket, 'partway.proof': 'object' });
          isCompleting = true;
          return;
        case 'completed':
          countEnd(event.at, 'completed');
          return;
        case 'failed':
          countFailure(event.error);
          countEnd(event.at, event.error.code === 'aborted' ? 'aborted' : 'failed', event.error);
      }
    },
  };
}
