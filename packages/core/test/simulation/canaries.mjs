// Breaks the engine on purpose, one way at a time, and fails unless the simulation turns red each time:
//   npm run canaries [-- ID or NAME]
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { bundleSimulation } from './bundle.mjs';
import { CANARIES } from './canary-list.mjs';
import { anchorsIn, mutate } from './mutations.mjs';

const SEEDS = 4000;
const TIMEOUT_MS = 300_000;

/** Resolves with the output of the failed simulation, or `undefined` when it passed. */
async function caught(canary, index) {
  let changes = 0;
  const script = await bundleSimulation(`canary-${index}`, (path, text) => {
    if (!path.includes('/packages/core/src/') || !anchorsIn(text).includes(canary.id)) return undefined;
    changes += 1;
    return mutate(path, text, canary);
  });
  if (changes !== 1) throw new Error(`${changes} files have the anchor ${canary.id}`);
  const { code, said } = await run(script);
  return code === 0 ? undefined : said;
}

function run(script) {
  return new Promise((resolve) => {
    const args = [script, '--bail', '--from', '0', '--seeds', String(SEEDS)];
    const child = spawn(process.execPath, args, { timeout: TIMEOUT_MS, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.on('data', (text) => {
      said += text;
    });
    child.stderr.on('data', (text) => {
      said += text;
    });
    child.on('exit', (code) => resolve({ code, said }));
  });
}

const wanted = process.argv[2];
const chosen = CANARIES.filter(
  ({ id, name }) => wanted === undefined || id === wanted || name.includes(wanted),
);
const waiting = [...chosen.entries()];
const escaped = [];

async function work() {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const [index, canary] = next;
    const said = await caught(canary, index);
    if (said === undefined) escaped.push(canary.name);
    const line = said?.split('\n').find((each) => /^seed \d+:|Error/.test(each)) ?? 'it took too long';
    console.log(
      `${said === undefined ? 'NOT CAUGHT' : 'caught'}: ${canary.name}${said === undefined ? '' : `\n    ${line.slice(0, 150)}`}`,
    );
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, work));
console.log(`${chosen.length - escaped.length} of ${chosen.length} canaries caught`);
process.exit(escaped.length === 0 && chosen.length > 0 ? 0 : 1);
