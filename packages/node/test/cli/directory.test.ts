import { randomBytes } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type CliStage, openCliStage, waitForExit } from '../stages/cli-stage.ts';

const CONTENTS = new Map([
  ['a.txt', randomBytes(10)],
  ['deep/er/größe 1.bin', randomBytes(350_001)],
  ['deep/empty', Buffer.alloc(0)],
  ['z', randomBytes(102_400)],
]);
let stage: CliStage;
let folder: string;

beforeAll(async () => {
  stage = await openCliStage();
  folder = join(stage.folder, 'tree');
  for (const [name, content] of CONTENTS) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  await symlink(join(folder, 'z'), join(folder, 'link'));
  await symlink(folder, join(folder, 'deep', 'loop'));
  // Links to no file.
  await symlink('round', join(folder, 'round'));
  await symlink('nowhere', join(folder, 'lost'));
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

async function storedUnder(prefix: string): Promise<Map<string, Buffer>> {
  const { model } = stage.emulator;
  const keys = model.keys('media').filter((key) => key.startsWith(prefix));
  const contents = keys.map(async (key): Promise<[string, Buffer]> => {
    const bytes = await model.object('media', key)?.bytes();
    return [key.slice(prefix.length), Buffer.from(bytes ?? [])];
  });
  return new Map(await Promise.all(contents));
}

test('all files of a directory are uploaded, also links to files', async () => {
  const { status, stdout, stderr } = await stage.partway([
    'put',
    '-r',
    folder,
    'oss://media/tree/',
    '--part-size',
    '100KiB',
  ]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('5 of 5 files') });
  expect(stdout.trimEnd().split('\n')).toHaveLength(5);
  const link: [string, Buffer] = ['link', CONTENTS.get('z') ?? Buffer.alloc(0)];
  expect(await storedUnder('tree/')).toEqual(new Map([...CONTENTS, link].sort(byName)));
  expect(stage.emulator.model.uploads('media')).toEqual([]);
});

test('a failed file does not stop the others, and sets the exit code', async () => {
  stage.emulator.faults.add({ key: 'some/z', effect: { kind: 'refuse', status: 403, code: 'AccessDenied' } });
  const { status, stderr } = await stage.partway(['put', '--recursive', folder, 'oss://media/some/']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/tree\/z:\npartway: \[access_denied]/);
  expect(stderr).toContain('4 of 5 files');
  expect((await storedUnder('some/')).size).toBe(4);
});

test('Ctrl-C pauses all files, and the same command resumes', async () => {
  const args = ['put', '-r', folder, 'oss://media/paused/', '--part-size', '100KiB'];
  const third = stage.emulator.faults.add({
    operation: 'UploadPart',
    partNumber: 3,
    effect: { kind: 'silent' },
  });
  const child = stage.start(args);
  const exit = waitForExit(child);
  await third.whenFired();
  child.kill('SIGINT');
  const { status, stderr } = await exit;
  expect({ status, stderr }).toEqual({
    status: 130,
    stderr: expect.stringContaining('run the same command again'),
  });
  const unfinished = stage.emulator.model.uploads('media').map(({ key }) => key);
  expect(unfinished).toContain('paused/deep/er/größe 1.bin');
  third.remove();
  expect((await stage.partway(args)).status).toBe(0);
  expect((await storedUnder('paused/')).size).toBe(5);
  expect(stage.emulator.model.uploads('media')).toEqual([]);
});

test.each([
  [['put', '-r', '/nowhere', 'oss://media/x/'], 1, /source_unreadable.*is not a readable directory/],
  [['put', '-r', '/tmp', 'oss://media/x'], 2, /ADDRESS must end in \/ with --recursive/],
  [['put', '-x', '/tmp', 'oss://media/x'], 2, /unknown option -x/],
])('%s exits with %i', async (args, status, message) => {
  const result = await stage.partway(args);
  expect(result).toMatchObject({ status, stderr: expect.stringMatching(message) });
});

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
