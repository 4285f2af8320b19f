import type { PartResponse, Transport } from '../../ports.ts';
import type { UploadFact } from './events.ts';

/** What OSS sends with every confirmed part, and the engine makes use of. */
const EXPECTED = ['x-oss-hash-crc64ecma', 'x-oss-request-id'];

/** Tells once, where a transport may hide headers, which ones it hides. */
export function createHeaderNotice(
  { mayHideHeaders }: Transport,
  emit: (fact: UploadFact) => void,
): (answer: PartResponse) => void {
  let isTold = !mayHideHeaders;
  return ({ headers }) => {
    if (isTold) return;
    const names = EXPECTED.filter((name) => headers[name] === undefined);
    if (names.length === 0) return;
    isTold = true;
    emit({ type: 'headers-hidden', names });
  };
}
