import type { UploadError, UploadEvent, UploadSnapshot } from '@partway/browser';

/** `trouble`: something went wrong. `coped`: it was put right. */
export type Tone = 'plain' | 'trouble' | 'coped' | 'proven';

/** An event in plain words, without a URL or a token; `undefined` for those too many to be read. */
export function describeEvent(
  event: UploadEvent,
  snapshot: UploadSnapshot,
): { readonly text: string; readonly tone: Tone } | undefined {
  switch (event.type) {
    case 'opened':
      return { text: openedText(event.partCount, event.partSize), tone: 'plain' };
    case 'part-attempt':
      return event.attempt === 1
        ? undefined
        : { text: `sends part ${event.partNumber} again, try ${event.attempt}`, tone: 'coped' };
    case 'retrying':
      return { text: `${errorText(event.error)}; ${waitText(event.delayMs)}`, tone: 'trouble' };
    case 'headers-hidden':
      return { text: `may not read ${event.names.join(', ')}: proves by OSS’s list`, tone: 'trouble' };
    case 'offline':
      return { text: 'has no network, and waits for it', tone: 'trouble' };
    case 'online':
      return { text: 'tries the network again', tone: 'coped' };
    case 'paused':
      return { text: `is paused, ${percent(snapshot)} is stored`, tone: 'plain' };
    case 'resumed':
      return { text: 'goes on', tone: 'plain' };
    case 'completing':
      return { text: 'has sent every part; they are compared, then completed', tone: 'plain' };
    case 'completed':
      return { text: completedText(snapshot), tone: 'proven' };
    case 'failed':
      return { text: `has stopped: ${errorText(event.error)}`, tone: 'trouble' };
    case 'cleanup-failed':
      return { text: `left something behind: ${errorText(event.error)}`, tone: 'trouble' };
    default:
      return undefined;
  }
}

function openedText(partCount: number | undefined, partSize: number): string {
  return partCount === 1 || partCount === undefined
    ? 'begins, in one piece'
    : `begins, in ${partCount} parts of ${Math.round(partSize / 1024)} KiB`;
}

function completedText({ retries, object }: UploadSnapshot): string {
  const recovered = object?.recovered === true ? ' The answer was lost; the object was found.' : '';
  const tries = retries === 0 ? '' : `, ${retries} ${retries === 1 ? 'try' : 'tries'} repeated`;
  return `is proven, CRC64 ${object?.crc64}${tries}.${recovered}`;
}

function errorText({ code, context }: UploadError): string {
  const { partNumber, status, ossCode } = context;
  const where = partNumber === undefined ? '' : `part ${partNumber}: `;
  const answer = [status, ossCode].filter((text) => text !== undefined).join(' ');
  return `${where}${WORDS[code] ?? code}${answer === '' ? '' : ` (${answer})`}`;
}

/** For the codes that the panel brings about. */
const WORDS: Readonly<Partial<Record<UploadError['code'], string>>> = {
  network: 'the connection broke',
  stalled: 'nothing moves any more',
  throttled: 'OSS is busy',
  server_error: 'OSS failed',
  url_expired: 'the URL has expired',
  checksum_mismatch: 'other bytes arrived than were sent',
  part_missing: 'OSS has lost it',
  access_denied: 'OSS forbids it',
  upload_locked: 'it is being uploaded already',
  source_changed: 'the file is another one now',
  aborted: 'it was removed',
};

function waitText(delayMs: number): string {
  if (delayMs === 0) return 'tries again';
  return delayMs < 1000 ? `waits ${Math.round(delayMs)} ms` : `waits ${(delayMs / 1000).toFixed(1)} s`;
}

function percent({ confirmedBytes, size = 0 }: UploadSnapshot): string {
  return `${size === 0 ? 0 : Math.floor((confirmedBytes / size) * 100)} %`;
}
