import { readFileSync } from 'node:fs';
import { arch, cpus, release, totalmem, type } from 'node:os';

/** The machine of the measurement. */
export function describeMachine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  return (
    `${first?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores, ${memory} GiB of memory, ` +
    `${type()} ${release().split('-')[0]} ${arch()}, Node ${process.versions.node}`
  );
}

/** The compared packages, with the versions pinned in bench/package.json. */
export function describePeers(): string {
  // A parse edge: a file of this repository.
  const { devDependencies } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const peers = Object.entries(devDependencies).filter(
    ([name]) => !name.startsWith('@types/') && name !== 'selfsigned',
  );
  return peers.map(([name, version]) => `${name} ${version}`).join(', ');
}
