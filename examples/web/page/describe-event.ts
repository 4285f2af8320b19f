import type { UploadError, UploadEvent, UploadSnapshot } from '@partway/browser';

/** `trouble`: a failure. `coped`: the reaction to it. */
export type Tone = 'plain' | 'trouble' | 'coped' | 'proven';

/** The text of an event, without a URL or a token; `undefined` for frequent ones. */
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
        : { text: `sends part ${event.partNumber} again, attempt ${event.attempt}`, tone: 'coped' };
    case 'retrying':
      return { text: `${errorText(event.error)}; ${waitText(event.delayMs)}`, tone: 'trouble' };
    case 'headers-hidden':
      return { text: `cannot read ${event.names.join(', ')}: proves by ListParts`, tone: 'trouble' };
    case 'offline':
      return { text: 'waits for the network', tone: 'trouble' };
    case 'online':
      return { text: 'is online again', tone: 'coped' };
    case 'paused':
      return { text: `is paused, ${percent(snapshot)} is stored`, tone: 'plain' };
    case 'resumed':
      return { text: 'resumes', tone: 'plain' };
    case 'completing':
      return { text: 'has sent every part; verifies and completes', tone: 'plain' };
    case 'completed':
      return { text: completedText(snapshot), tone: 'proven' };
    case 'failed':
      return { text: `has stopped: ${errorText(event.error)}`, tone: 'trouble' };
    case 'cleanup-failed':
      return { text: `could not clean up: ${errorText(event.error)}`, tone: 'trouble' };
    default:
      return undefined;
  }
}

function openedText(partCount: number | undefined, partSize: number): string {
  return partCount === 1 || partCount === undefined
    ? 'starts, in one request'
    : `starts, in ${partCount} parts of ${Math.round(partSize / 1024)} KiB`;
}

function completedText({ retries, object }: UploadSnapshot): string {
  const recovered = object?.recovered === true ? ' The response was lost; the object was found.' : '';
  const tries = retries === 0 ? '' : `, ${retries} ${retries === 1 ? 'retry' : 'retries'}`;
  return `is proven, CRC64 ${object?.crc64}${tries}.${recovered}`;
}

function errorText({ code, context }: UploadError): string {
  const { partNumber, status, ossCode } = context;
  const where = partNumber === undefined ? '' : `part ${partNumber}: `;
  const response = [status, ossCode].filter((text) => text !== undefined).join(' ');
  return `${where}${WORDS[code] ?? code}${response === '' ? '' : ` (${response})`}`;
}

/** Texts of the codes that the panel can cause. */
const WORDS: Readonly<Partial<Record<UploadError['code'], string>>> = {
  network: 'the connection failed',
  stalled: 'no progress',
  throttled: 'OSS is busy',
  server_error: 'OSS failed',
  url_expired: 'the URL has expired',
  checksum_mismatch: 'OSS received other bytes',
  part_missing: 'OSS lost it',
  access_denied: 'OSS denies access',
  upload_locked: 'another upload of it is running',
  source_changed: 'the file changed',
  aborted: 'it was removed',
};

function waitText(delayMs: number): string {
  if (delayMs === 0) return 'retries at once';
  return delayMs < 1000 ? `waits ${Math.round(delayMs)} ms` : `waits ${(delayMs / 1000).toFixed(1)} s`;
}

function percent({ confirmedBytes, size = 0 }: UploadSnapshot): string {
  return `${size === 0 ? 0 : Math.floor((confirmedBytes / size) * 100)} %`;
}
