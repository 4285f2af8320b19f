import { writeFileSync } from 'node:fs';
import { generate } from 'selfsigned';
import { BUCKET, REGION } from './clients/client.ts';
import { temporaryPath } from './files.ts';

export interface Certificate {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  /** The path of the certificate file, for clients to trust. */
  readonly path: string;
}

/** The `Host` of ali-oss, which it also expects in the certificate, for any endpoint. */
const NAMES = [{ type: 2, value: `${BUCKET}.oss-${REGION}.aliyuncs.com` }] as const;

/** Creates a certificate for 127.0.0.1, for this run. */
export async function createCertificate(): Promise<Certificate> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'partway bench' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }, ...NAMES] },
    ],
  });
  const path = temporaryPath('certificate.pem');
  writeFileSync(path, cert);
  return { key, cert, path };
}
