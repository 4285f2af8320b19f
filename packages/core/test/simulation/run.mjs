// Bundles the simulation with the sources of the engine and the emulator, and runs it:
//   npm run sim -- --seeds 100000 [--from N] [--trace] [--bail]
import { spawnSync } from 'node:child_process';
import { bundleSimulation } from './bundle.mjs';

const script = await bundleSimulation('sim');
const { status } = spawnSync(process.execPath, ['--enable-source-maps', script, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
