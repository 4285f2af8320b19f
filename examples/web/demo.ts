// A page that uploads through Partway to an OSS with faults: `npm run demo:web [-- --port 8080]`.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startDemo } from './start-demo.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error('--port must be a whole number from 0 to 65535');
  process.exit(2);
}

// This file runs from `examples/dist/web`; Vite builds the page from its source.
const pageFolder = fileURLToPath(new URL('../../web/page', import.meta.url));
const starting = startDemo({ port, pageFolder });
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void starting.then((started) => started.close()).then(() => console.log('\nended'));
  });
}

const { url, emulator } = await starting;
console.log(`
  Page:          ${url}
  Emulated OSS:  ${emulator.endpoint}

Open the page, choose some files and switch on a fault. Ctrl-C ends the demo.`);
