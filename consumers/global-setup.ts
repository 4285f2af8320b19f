import { cp, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { run } from './run.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The folder, outside of the workspace, with the installed plain/ and peers/ and the tarballs. */
    folder: string;
  }
}

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Packs the packages, and installs them as a user does: one consumer without the optional peers, one with.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'partway-consumers-')));
  const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 3 });
  try {
    await pack(folder);
    const tarballs = (await readdir(folder)).map((name) => `../${name}`);
    await Promise.all(['plain', 'peers'].map((name) => install(join(folder, name), name, tarballs)));
  } catch (reason) {
    await removeFolder();
    throw reason;
  }
  project.provide('folder', folder);
  return removeFolder;
}

/** Uses pnpm, which replaces `workspace:*` by versions and applies `publishConfig`. */
async function pack(folder: string): Promise<void> {
  const { packageManager } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));
  const filter = ['-r', '--filter', './packages/*'];
  await run(root, 'npx', '--yes', packageManager, ...filter, 'pack', '--pack-destination', folder);
}

/** Installs the packages of the lock file, from npm's cache where possible. */
async function install(consumer: string, name: string, tarballs: readonly string[]): Promise<void> {
  await cp(join(root, 'consumers', name), consumer, { recursive: true });
  const flags = ['--no-save', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  await run(consumer, 'npm', 'install', ...flags, ...tarballs);
}
