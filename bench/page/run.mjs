// Measures the cost of an upload for its page: `npm run bench:page [-- --size 1GiB]`. Prints figures, and
// exits with 1 when a claim is broken. Through Vite, because the code shared with the page tests is
// TypeScript that is not built.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const script = fileURLToPath(new URL('page-bench.ts', import.meta.url));
await runnerImport(script, { configFile: false, logLevel: 'error' });
