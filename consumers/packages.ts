import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The published packages, by folder. */
export const PACKAGES = ['core', 'node', 'browser', 'emulator'] as const;
export type PackageName = (typeof PACKAGES)[number];

export interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly imports?: Readonly<Record<string, unknown>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** The folder of an installed package. */
export function installedFolder(consumer: string, name: PackageName): string {
  return join(consumer, 'node_modules/@partway', name);
}

export function readManifest(consumer: string, name: PackageName): Manifest {
  return JSON.parse(readFileSync(join(installedFolder(consumer, name), 'package.json'), 'utf8'));
}

/** The entries of a package, as they are imported: `@partway/core/oss`. */
export function listEntries(consumer: string, name: PackageName): readonly string[] {
  return Object.keys(readManifest(consumer, name).exports)
    .filter((path) => path !== './package.json')
    .map((path) => `@partway/${name}${path.slice(1)}`);
}

/** The entries of all packages. */
export const ENTRY_COUNT = 16;
