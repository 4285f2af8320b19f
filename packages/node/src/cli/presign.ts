import { openStore, readCount, readObjectAddress, readPairs, STORE_ARGS } from './arguments.ts';
import type { Command } from './command.ts';
import { EXIT } from './exit-code.ts';

export const presign: Command = {
  description: 'Print a URL that needs no credentials until it expires',
  args: {
    address: { type: 'positional', description: 'oss://BUCKET/KEY' },
    method: { type: 'string', valueHint: 'GET', description: 'GET, PUT or HEAD; default: GET' },
    expires: { type: 'string', valueHint: '900', description: 'seconds, 1 to 604800' },
    header: {
      type: 'string',
      valueHint: 'name: value',
      description: 'a signed header, which the request must have; may be repeated',
    },
    ...STORE_ARGS,
  },
  async run(parsed) {
    const { bucket, key } = readObjectAddress(parsed);
    const headers = readPairs(parsed, 'header', ':');
    const {
      method,
      url,
      headers: requiredHeaders,
      expiresAt,
    } = await openStore(parsed, bucket).presign({
      method: readMethod(parsed.text('method') ?? 'GET'),
      key,
      expiresInSeconds: readCount(parsed, 'expires'),
      headers,
      additionalHeaders: Object.keys(headers).filter((name) => !ALWAYS_SIGNED.test(name)),
    });
    if (parsed.flag('json')) {
      console.log(JSON.stringify({ method, url, headers: requiredHeaders, expiresAt }));
      return EXIT.done;
    }
    console.log(url);
    for (const [name, value] of Object.entries(requiredHeaders)) {
      console.error(`partway: the request must have the header ${name}: ${value}`);
    }
    return EXIT.done;
  },
};

const ALWAYS_SIGNED = /^(?:content-type|content-md5|x-oss-.*)$/i;

function readMethod(text: string): 'GET' | 'PUT' | 'HEAD' {
  if (text === 'GET' || text === 'PUT' || text === 'HEAD') return text;
  throw new TypeError(`--method must be GET, PUT or HEAD, got ${text}`);
}
