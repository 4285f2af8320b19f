// The faults that the panel of the page can switch on. The page shows the texts, the server uses the rules.
import type { FaultRule } from '@partway/emulator';

/** A fault of OSS or of the network. */
export interface DemoFault {
  readonly label: string;
  /** The expected reaction of the engine. */
  readonly response: string;
  readonly rules: readonly FaultRule[];
}

const onParts = (rule: Omit<FaultRule, 'operation'>): FaultRule => ({ operation: 'UploadPart', ...rule });
const onComplete = (rule: Omit<FaultRule, 'operation'>): FaultRule => ({
  ...{ operation: 'CompleteMultipartUpload', times: 1 },
  ...rule,
});
const bandwidth = (bytesPerSecond: number): readonly FaultRule[] => [
  onParts({ effect: { kind: 'bandwidth', bytesPerSecond } }),
];

/** Speeds of the link, one at a time. The first one is no fault. */
export const LINKS = {
  'link-full': { label: 'No limit', response: '', rules: [] },
  'link-home': { label: 'Home: 500 kB/s per connection', response: '', rules: bandwidth(500_000) },
  'link-train': { label: 'Train: 100 kB/s per connection', response: '', rules: bandwidth(100_000) },
} as const satisfies Readonly<Record<string, DemoFault>>;

/** They affect the next requests, once or a few times. */
export const SINGLE_FAULTS = {
  busy: {
    label: 'OSS responds 503, ten times',
    response: 'retries with backoff and fewer parts in flight',
    rules: [onParts({ times: 10, effect: { kind: 'refuse', status: 503, code: 'ServiceUnavailable' } })],
  },
  silent: {
    label: 'A part gets no response',
    response: 'stops after 8 s without a byte and sends the part again',
    rules: [onParts({ times: 1, effect: { kind: 'silent' } })],
  },
  reset: {
    label: 'The connection is reset, three times',
    response: 'looks the part up in ListParts, sends it again if it is missing',
    rules: [onParts({ times: 3, effect: { kind: 'resetAfterBytes', bytes: 50_000 } })],
  },
  corrupt: {
    label: 'A bit flips on the network',
    response: 'detects it by CRC64 and sends the part again',
    rules: [onParts({ times: 1, effect: { kind: 'corruptIncoming', offset: 1000 } })],
  },
  lost: {
    label: 'OSS loses a confirmed part',
    response: 'detects it before Complete and sends the part again',
    rules: [onParts({ times: 1, effect: { kind: 'losePart' } })],
  },
  expired: {
    label: 'A URL expires, three times',
    response: 'requests new URLs',
    rules: [
      onParts({
        times: 3,
        effect: { kind: 'refuse', status: 403, code: 'AccessDenied', ec: '0002-00000069' },
      }),
    ],
  },
  'complete-lost': {
    label: 'The response to Complete is lost',
    response: 'looks the object up and proves it',
    rules: [onComplete({ effect: { kind: 'dropResponse' } })],
  },
  'complete-lies': {
    label: 'Complete responds 200 with an error',
    response: 'reads the body and retries',
    rules: [onComplete({ effect: { kind: 'errorIn200', code: 'InternalError' } })],
  },
} as const satisfies Readonly<Record<string, DemoFault>>;

/** They last until they are switched off. */
export const LASTING_FAULTS = {
  flaky: {
    label: 'One part in five gets a 503',
    response: 'retries with backoff',
    rules: [
      onParts({ probability: 0.2, effect: { kind: 'refuse', status: 503, code: 'ServiceUnavailable' } }),
    ],
  },
  hidden: {
    label: 'The bucket hides its headers from pages',
    response: 'proves the parts by ListParts, reports it once',
    rules: [onParts({ effect: { kind: 'hideCorsHeaders' } })],
  },
  forbidden: {
    label: 'Parts are forbidden',
    response: 'stops with one error, keeps the stored parts',
    rules: [onParts({ effect: { kind: 'refuse', status: 403, code: 'AccessDenied' } })],
  },
} as const satisfies Readonly<Record<string, DemoFault>>;

export const CATALOG: Readonly<Record<string, DemoFault>> = {
  ...LINKS,
  ...SINGLE_FAULTS,
  ...LASTING_FAULTS,
};

/** The state of a fault on the server. */
export interface FaultState {
  readonly isOn: boolean;
  /** How often it occurred since it was switched on. */
  readonly fired: number;
}
