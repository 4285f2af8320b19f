// Serves a coordinator in a process that a test kills. Argument: the endpoint of OSS. Prints its port.
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { createCoordinator, createCoordinatorHandler } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';

const [endpoint = ''] = process.argv.slice(2);
const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const store = createOssObjectStore({ region: 'cn-hangzhou', bucket: 'media', credentials, endpoint });
const tokenKeys = [{ kid: 'fleet', key: new Uint8Array(32).fill(1) }];
const coordinator = createCoordinator({
  store,
  tokenKeys,
  identify: (request) => request.headers.get('x-session') ?? undefined,
  authorize: (file, { principal }) => ({ key: `${principal}/${file.name}` }),
});
const handler = createCoordinatorHandler(coordinator, { basePath: '/uploads' });

const server = createServer(async (message, reply) => {
  const { method, url = '', headers } = message;
  const body = Readable.toWeb(message);
  const request = new Request(`http://coordinator${url}`, { method, headers, body, duplex: 'half' });
  const response = await handler(request);
  reply.writeHead(response.status, Object.fromEntries(response.headers));
  for await (const chunk of response.body ?? []) reply.write(chunk);
  reply.end();
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
// Exits with its parent process.
process.stdin.on('end', () => process.exit()).resume();
