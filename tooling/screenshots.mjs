// Makes the pictures of the README, in docs/images: a screenshot of the page of `npm run demo:web`, and a terminal
// recording of `partway put`. Its text is the output of the commands as they run; its delays are theirs, too.
//   npm run screenshots
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { runnerImport } from 'vite';
import { drawTerminal } from './terminal-svg.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const images = join(root, 'docs/images');
const folder = join(tmpdir(), 'partway-demo');
const importOf = (path) => import(pathToFileURL(join(root, path)).href);

await mkdir(images, { recursive: true });
await mkdir(folder, { recursive: true });
try {
  await takeScreenshot(join(images, 'demo-page.png'));
  await recordTerminal(join(images, 'partway-put.svg'));
} finally {
  await rm(folder, { recursive: true });
}

/** Three files of which one is stored, while OSS responds 503 and one URL has expired. */
async function takeScreenshot(path) {
  const { startDemo } = await importOf('examples/dist/web/start-demo.js');
  const { module } = await runnerImport(join(root, 'tooling/browsers.ts'));
  const demo = await startDemo({ pageFolder: join(root, 'examples/web/page') });
  const browser = await chromium.launch(await module.chromiumLaunch());
  try {
    const page = await browser.newPage({ viewport: { width: 1180, height: 880 }, colorScheme: 'light' });
    await page.goto(demo.url);
    await page.locator('#link').selectOption('link-home');
    const input = page.locator('[part~=dropzone] input');
    await input.setInputFiles([await createFile('notes.pdf', 300_000)]);
    await page.locator('[part~=row-completed]').waitFor();
    await input.setInputFiles([await createFile('holiday.mp4', 24e6), await createFile('talk.mov', 18e6)]);
    const sending = (percents) => page.locator('[part~=status-sending]').filter({ hasText: percents });
    await sending(/[1-9]\d%/)
      .nth(0)
      .waitFor();
    await page.getByRole('button', { name: 'OSS responds 503, ten times' }).click();
    await page.getByRole('button', { name: 'A URL expires' }).click();
    await sending(/[2-9]\d% .*left/)
      .nth(1)
      .waitFor({ timeout: 60_000 });
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path });
  } finally {
    await browser.close();
    await demo.close();
  }
}

async function createFile(name, size) {
  const path = join(folder, name);
  const file = await open(path, 'w');
  for (let left = size; left > 0; left -= 1e6) await file.write(randomBytes(Math.min(left, 1e6)));
  await file.close();
  return path;
}

/** An upload that Ctrl-C pauses on its way, and the same command again. */
async function recordTerminal(path) {
  const { startOssEmulator } = await importOf('packages/emulator/dist/index.js');
  const credentials = { accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' };
  const emulator = await startOssEmulator({ buckets: ['media'], credentials, discardBodies: true });
  emulator.faults.add({ operation: 'UploadPart', effect: { kind: 'bandwidth', bytesPerSecond: 2_500_000 } });
  await createFile('movie.mp4', 300e6);
  await mkdir(join(folder, 'node_modules/.bin'), { recursive: true });
  const script = join(folder, 'node_modules/.bin/partway');
  await symlink(join(root, 'packages/node/dist/cli.js'), script);
  const env = {
    ...process.env,
    OSS_REGION: 'cn-hangzhou',
    OSS_ENDPOINT: emulator.endpoint,
    OSS_ACCESS_KEY_ID: credentials.accessKeyId,
    OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
    XDG_STATE_HOME: folder,
  };
  const command = 'put ./movie.mp4 oss://media/movies/1.mp4';
  const lines = [];
  const startedAt = performance.now();
  const record = (text) => lines.push({ text, atMs: performance.now() - startedAt });

  /** Resolves when the command has ended. */
  async function run(interruptAt) {
    record(`$ partway ${command}`);
    const child = spawn(process.execPath, [script, ...command.split(' ')], { cwd: folder, env });
    const reading = [child.stdout, child.stderr].map(async (stream) => {
      for await (const line of createInterface(stream)) {
        record(line);
        if (interruptAt === undefined || !line.startsWith(interruptAt)) continue;
        record('^C');
        child.kill('SIGINT');
      }
    });
    await Promise.all(reading);
  }

  try {
    await run('40%');
    await run();
  } finally {
    await emulator.close();
  }
  await writeFile(path, drawTerminal('partway put, paused and resumed', lines));
}
