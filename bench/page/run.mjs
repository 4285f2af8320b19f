// What an upload costs its page: `npm run bench:page [-- --size 1GiB]`. Prints figures, and exits with 1 when a claim is
// broken. Through Vite, because what it shares with the tests of pages is TypeScript that nobody builds.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const script = fileURLToPath(new URL('page-bench.ts', import.meta.url));
await runnerImport(script, { configFile: false, logLevel: 'error' });
