import { execFileSync } from 'node:child_process';

/** The first seed: in CI derived from the commit, so that each commit is tested with other seeds, else 0. */
export function seedBase(environment: NodeJS.ProcessEnv = process.env): number {
  if (environment.CI === undefined || environment.CI === '' || environment.CI === 'false') return 0;
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' });
  // Seven hexadecimal digits are below 2^28: seeds from there stay safe integers.
  return Number.parseInt(commit.slice(0, 7), 16);
}
