import type { UploadedObject } from '@partway/browser';
import { make, nodeOf } from './nodes.ts';

/** Shows the CRC64 that the engine has proven beside the one that OSS returns. */
export async function showProof({
  file,
  object,
}: {
  readonly file: File;
  readonly object: UploadedObject;
}): Promise<void> {
  const crc64 = await storedCrc64(object.key).catch(() => null);
  const isSame = crc64 === object.crc64;
  const name = make('span', 'proof-name', [file.name]);
  name.dir = 'auto';
  const sums = make('dl', 'proof-sums', [
    ...[make('dt', '', ['sent']), make('dd', '', [object.crc64])],
    ...[make('dt', '', ['stored']), make('dd', '', [crc64 ?? 'unknown'])],
  ]);
  const verdict = make('span', `proof-verdict ${isSame ? 'is-same' : 'is-other'}`, [
    isSame ? '✓ the same' : '✗ not the same',
  ]);
  nodeOf('ul.proofs').prepend(make('li', 'proof', [name, verdict, sums]));
  nodeOf('section#proofs').hidden = false;
}

async function storedCrc64(key: string): Promise<string | null> {
  const response = await fetch(`/demo/crc64?${new URLSearchParams({ key })}`);
  const { crc64 }: { readonly crc64: string | null } = await response.json();
  return crc64;
}
