import { createSign, generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Below no bucket: none can be called `-`. */
export const CALLBACK_KEY_PATH = '/-/callback-key.pem';

/** What the emulator signs callbacks with. OSS's own key is published by a host of its own. */
export interface CallbackKey {
  /** Base64 of RSA PKCS#1 v1.5 with MD5. */
  sign(text: Uint8Array): string;
  /** Answers requests for the public key; `false`: the request is for something else. */
  serve(message: IncomingMessage, reply: ServerResponse): boolean;
}

export function createCallbackKey(): CallbackKey {
  const { publicKey, privateKey } = generateKeys();
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  return {
    sign: (text) => createSign('RSA-MD5').update(text).sign(privateKey, 'base64'),
    serve(message, reply) {
      if (message.method !== 'GET' || message.url !== CALLBACK_KEY_PATH) return false;
      reply.writeHead(200, { 'Content-Type': 'application/x-pem-file', 'Content-Length': pem.length });
      reply.end(pem);
      return true;
    },
  };
}

/** As short as OSS's key, or 1024 bits where OpenSSL makes none that short. */
function generateKeys(): KeyPairKeyObjectResult {
  try {
    return generateKeyPairSync('rsa', { modulusLength: 512 });
  } catch {
    return generateKeyPairSync('rsa', { modulusLength: 1024 });
  }
}
