import { execFileSync } from 'node:child_process';

/** The first seed: of a commit under test its own, so that every commit is tried with others; else 0. */
export function seedBase(environment: NodeJS.ProcessEnv = process.env): number {
  if (environment.CI === undefined || environment.CI === '' || environment.CI === 'false') return 0;
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' });
  // Seven digits are below 2^28: ranges of seeds from there stay small whole numbers.
  return Number.parseInt(commit.slice(0, 7), 16);
}
