// What the panel of the page can make the emulator do. The page shows the words, the server takes the rules.
import type { FaultRule } from '@partway/emulator';

/** One way of OSS, or of the network, to err. */
export interface Misbehaviour {
  readonly label: string;
  /** What the engine is expected to do about it. */
  readonly copes: string;
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

/** How fast the link is: one of them at a time. The first one is no misbehaviour. */
export const LINKS = {
  'link-full': { label: 'As fast as it goes', copes: '', rules: [] },
  'link-home': { label: 'Home: 500 kB/s a connection', copes: '', rules: bandwidth(500_000) },
  'link-train': { label: 'Train: 100 kB/s a connection', copes: '', rules: bandwidth(100_000) },
} as const satisfies Readonly<Record<string, Misbehaviour>>;

/** They happen once, or a few times, to whatever comes next. */
export const ACCIDENTS = {
  busy: {
    label: '503, ten times',
    copes: 'waits longer each time, with fewer parts at once',
    rules: [onParts({ times: 10, effect: { kind: 'refuse', status: 503, code: 'ServiceUnavailable' } })],
  },
  silent: {
    label: 'A part gets no answer',
    copes: 'gives up after 8 s without a byte, and sends it again',
    rules: [onParts({ times: 1, effect: { kind: 'silent' } })],
  },
  reset: {
    label: 'The connection is reset, three times',
    copes: 'looks whether OSS has the part, and sends it again if not',
    rules: [onParts({ times: 3, effect: { kind: 'resetAfterBytes', bytes: 50_000 } })],
  },
  corrupt: {
    label: 'A bit flips on the way',
    copes: 'sees it by the CRC64, and sends the part again',
    rules: [onParts({ times: 1, effect: { kind: 'corruptIncoming', offset: 1000 } })],
  },
  lost: {
    label: 'OSS loses a part it has confirmed',
    copes: 'finds it missing before Complete, and sends it again',
    rules: [onParts({ times: 1, effect: { kind: 'losePart' } })],
  },
  expired: {
    label: 'A URL has expired, three times',
    copes: 'has new URLs signed',
    rules: [
      onParts({
        times: 3,
        effect: { kind: 'refuse', status: 403, code: 'AccessDenied', ec: '0002-00000069' },
      }),
    ],
  },
  'complete-lost': {
    label: 'The answer to Complete is lost',
    copes: 'looks for the object, and proves it',
    rules: [onComplete({ effect: { kind: 'dropResponse' } })],
  },
  'complete-lies': {
    label: 'Complete says 200, and means an error',
    copes: 'reads the body, and asks again',
    rules: [onComplete({ effect: { kind: 'errorIn200', code: 'InternalError' } })],
  },
} as const satisfies Readonly<Record<string, Misbehaviour>>;

/** They last until they are taken back. */
export const CONDITIONS = {
  flaky: {
    label: 'One part in five is refused with 503',
    copes: 'goes on, with patience',
    rules: [
      onParts({ probability: 0.2, effect: { kind: 'refuse', status: 503, code: 'ServiceUnavailable' } }),
    ],
  },
  hidden: {
    label: 'The bucket hides its headers from pages',
    copes: 'proves by the list of parts, and says so once',
    rules: [onParts({ effect: { kind: 'hideCorsHeaders' } })],
  },
  forbidden: {
    label: 'Parts are forbidden',
    copes: 'stops with one error, keeps what is stored',
    rules: [onParts({ effect: { kind: 'refuse', status: 403, code: 'AccessDenied' } })],
  },
} as const satisfies Readonly<Record<string, Misbehaviour>>;

export const MISBEHAVIOURS: Readonly<Record<string, Misbehaviour>> = {
  ...LINKS,
  ...ACCIDENTS,
  ...CONDITIONS,
};

/** What is in force, as the server tells. */
export interface MisbehaviourState {
  readonly isOn: boolean;
  /** How often it has happened since it was asked for. */
  readonly fired: number;
}
