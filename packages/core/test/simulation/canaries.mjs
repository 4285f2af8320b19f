// Makes one mistake in the engine at a time, and fails unless the simulation finds each of them:
//   npm run canaries [-- ID or NAME]
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { bundleSimulation } from './bundle.mjs';
import { CANARIES } from './canary-list.mjs';
import { anchorsIn, mutate } from './mutations.mjs';

const SEEDS = 4000;
const TIMEOUT_MS = 300_000;

/** Resolves with the output of the failed simulation, or `undefined` when it passed. */
async function runCanary(canary, index) {
  let changes = 0;
  const script = await bundleSimulation(`canary-${index}`, (path, text) => {
    if (!path.includes('/packages/core/src/') || !anchorsIn(text).includes(canary.id)) return undefined;
    changes += 1;
    return mutate(path, text, canary);
  });
  if (changes !== 1) throw new Error(`${changes} files have the anchor ${canary.id}`);
  const { code, output } = await runSeeds(script);
  return code === 0 ? undefined : output;
}

function runSeeds(script) {
  return new Promise((resolve) => {
    const args = [script, '--bail', '--from', '0', '--seeds', String(SEEDS)];
    const child = spawn(process.execPath, args, { timeout: TIMEOUT_MS, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
    });
    child.stderr.on('data', (text) => {
      output += text;
    });
    child.on('exit', (code) => resolve({ code, output }));
  });
}

const filter = process.argv[2];
const chosen = CANARIES.filter(
  ({ id, name }) => filter === undefined || id === filter || name.includes(filter),
);
const queue = [...chosen.entries()];
const notCaught = [];

async function runNext() {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [index, canary] = next;
    const output = await runCanary(canary, index);
    if (output === undefined) notCaught.push(canary.name);
    const line =
      output?.split('\n').find((each) => /^seed \d+:|Error/.test(each)) ?? 'no seed failed in time';
    console.log(
      `${output === undefined ? 'NOT CAUGHT' : 'caught'}: ${canary.name}${output === undefined ? '' : `\n    ${line.slice(0, 150)}`}`,
    );
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, runNext));
console.log(`${chosen.length - notCaught.length} of ${chosen.length} canaries caught`);
process.exit(notCaught.length === 0 && chosen.length > 0 ? 0 : 1);
