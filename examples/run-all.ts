// Runs every example in its own process. Each asserts its result; the first failure ends the run.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const examples = readdirSync(folder).filter((name) => name.endsWith('.js') && name !== 'run-all.js');
if (examples.length === 0) throw new Error('there is no example to run');

for (const example of examples.sort()) {
  console.log(`\n== ${example.replace('.js', '')}`);
  const { status, signal } = spawnSync(process.execPath, [folder + example], {
    stdio: 'inherit',
    timeout: 120_000,
  });
  if (status !== 0) {
    console.error(`${example} failed with ${signal ?? `exit code ${status}`}`);
    process.exit(1);
  }
}
console.log(`\n${examples.length} examples passed`);
