import type { UpDownCounter } from '@opentelemetry/api';
import { type Attributes, type Counter, type Histogram, type Meter, metrics } from '@opentelemetry/api';
import type { UploadError } from '../errors.ts';
import type { UploadEvent } from '../index.ts';
import { withoutUndefined } from '../without-undefined.ts';
import { SCOPE } from './attributes.ts';

/** What all uploads count into. docs/reference/telemetry.md has a row for each. */
export interface Instruments {
  readonly open: UpDownCounter;
  readonly uploadSeconds: Histogram;
  readonly partSeconds: Histogram;
  readonly bytes: Counter;
  readonly retries: Counter;
  readonly stalls: Counter;
  readonly failedProofs: Counter;
}

/** Seconds: from a part on a fast link to a day's upload. */
const BOUNDARIES = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400];

export function createInstruments(meter: Meter = metrics.getMeter(SCOPE)): Instruments {
  const seconds = { unit: 's', advice: { explicitBucketBoundaries: BOUNDARIES } };
  return {
    open: meter.createUpDownCounter('partway.uploads.open', {
      unit: '{upload}',
      description: 'Uploads that have begun and not ended, paused ones included.',
    }),
    uploadSeconds: meter.createHistogram('partway.upload.duration', {
      ...seconds,
      description: 'From the first request of an upload to its end, pauses included.',
    }),
    partSeconds: meter.createHistogram('partway.part.duration', {
      ...seconds,
      description: 'From the first attempt of a part to its confirmation.',
    }),
    bytes: meter.createCounter('partway.bytes.confirmed', {
      unit: 'By',
      description: 'Bytes of parts that OSS has confirmed, or was found to hold.',
    }),
    retries: meter.createCounter('partway.retries', {
      unit: '{retry}',
      description: 'Requests that are tried again.',
    }),
    stalls: meter.createCounter('partway.stalls', {
      unit: '{stall}',
      description: 'Attempts of a part that were stopped because they stalled.',
    }),
    failedProofs: meter.createCounter('partway.proofs.failed', {
      unit: '{proof}',
      description: 'Bytes in OSS that were not those sent, found by their CRC64.',
    }),
  };
}

/** Counts what one upload's events tell. */
export interface UploadMetrics {
  hear(event: UploadEvent): void;
}

/** An upload is open from the instant `at` until `completed` or `failed`. */
export function beginUploadMetrics(instruments: Instruments, at: number): UploadMetrics {
  const beganAt = at;
  const partBeganAt = new Map<number, number>();
  let bucket: Attributes = {};
  let isCompleting = false;
  instruments.open.add(1);

  function failed(error: UploadError): void {
    const { code } = error;
    if (code === 'stalled') instruments.stalls.add(1, bucket);
    if (code !== 'checksum_mismatch') return;
    instruments.failedProofs.add(1, { ...bucket, 'partway.proof': isCompleting ? 'object' : 'part' });
  }

  function confirmed({ partNumber, size, at }: Extract<UploadEvent, { type: 'part-confirmed' }>): void {
    const partAt = partBeganAt.get(partNumber);
    partBeganAt.delete(partNumber);
    instruments.bytes.add(size, { ...bucket, 'partway.existing': partAt === undefined });
    if (partAt !== undefined) instruments.partSeconds.record((at - partAt) / 1000, bucket);
  }

  function ended(at: number, outcome: string, error?: UploadError): void {
    const attributes = { ...bucket, 'partway.outcome': outcome, 'error.type': error?.code };
    instruments.open.add(-1);
    instruments.uploadSeconds.record((at - beganAt) / 1000, withoutUndefined(attributes));
  }

  return {
    hear(event) {
      switch (event.type) {
        case 'opened':
          bucket = { 'partway.bucket': event.bucket };
          isCompleting = false;
          partBeganAt.clear();
          return;
        case 'part-attempt':
          if (!partBeganAt.has(event.partNumber)) partBeganAt.set(event.partNumber, event.at);
          return;
        case 'part-confirmed':
          confirmed(event);
          return;
        case 'retrying':
          instruments.retries.add(1, { ...bucket, 'error.type': event.error.code });
          failed(event.error);
          return;
        case 'completing':
          // Asked for a second time: the parts were not those confirmed, and were sent again.
          if (isCompleting) instruments.failedProofs.add(1, { ...bucket, 'partway.proof': 'object' });
          isCompleting = true;
          return;
        case 'completed':
          ended(event.at, 'completed');
          return;
        case 'failed':
          failed(event.error);
          ended(event.at, event.error.code === 'aborted' ? 'aborted' : 'failed', event.error);
      }
    },
  };
}
