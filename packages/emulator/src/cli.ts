#!/usr/bin/env node
import { defineCommand, runMain } from 'citty';
import { type OssEmulator, type OssEmulatorOptions, startOssEmulator } from './emulator.ts';

const command = defineCommand({
  meta: { name: 'partway-emulator', description: 'An Alibaba Cloud OSS in a process' },
  args: {
    port: { type: 'string', default: '9000', description: 'TCP port; 0 for a free one' },
    host: { type: 'string', default: '127.0.0.1', description: 'address to listen on' },
    region: { type: 'string', default: 'cn-hangzhou', description: 'region that signatures must name' },
    bucket: { type: 'string', default: 'demo', description: 'bucket to create; repeat it or use commas' },
    'access-key-id': { type: 'string', default: 'emulator', description: 'access key ID that may sign' },
    'access-key-secret': {
      type: 'string',
      default: 'emulator-secret',
      description: 'secret of the access key',
    },
    'security-token': { type: 'string', description: 'token of STS credentials' },
    'data-dir': { type: 'string', description: 'directory to store everything in. Default: in memory' },
    'callback-host': {
      type: 'string',
      description: 'private host that may receive callbacks; repeat it or use commas',
    },
    discard: { type: 'boolean', description: 'store sizes and checksums, no bytes' },
    admin: { type: 'boolean', description: 'serve the admin API at /-/emulator, to this machine only' },
  },
  async run({ args, rawArgs }) {
    try {
      const emulator = await startOssEmulator(readOptions(args, rawArgs));
      stopOnSignal(emulator);
      console.log(`partway-emulator listening on ${emulator.endpoint}`);
    } catch (reason) {
      console.error(`partway-emulator: ${describeError(reason)}`);
      process.exitCode = 1;
    }
  },
});

type Args = Readonly<Record<string, unknown>>;

/** citty accepts unknown options and drops repeated ones, so both are handled here. */
function readOptions(args: Args, rawArgs: readonly string[]): OssEmulatorOptions {
  checkNames(rawArgs);
  const text = (name: string): string => {
    const value = args[name];
    if (typeof value !== 'string' || value === '') throw new TypeError(`--${name} needs a value`);
    return value;
  };
  const port = Number(text('port'));
  if (!/^\d+$/.test(text('port')) || port > 65_535) {
    throw new RangeError(`--port must be a whole number from 0 to 65535, got ${text('port')}`);
  }
  const buckets = readRepeated('bucket', rawArgs).flatMap((names) => names.split(','));
  return {
    port,
    host: text('host'),
    region: text('region'),
    buckets: buckets.length > 0 ? buckets : [text('bucket')],
    credentials: {
      accessKeyId: text('access-key-id'),
      accessKeySecret: text('access-key-secret'),
      ...(args['security-token'] === undefined ? {} : { securityToken: text('security-token') }),
    },
    ...(args['data-dir'] === undefined ? {} : { dataDir: text('data-dir') }),
    callbackHosts: readRepeated('callback-host', rawArgs).flatMap((names) => names.split(',')),
    discardBodies: args.discard === true,
    ...(args.admin === true ? { adminPath: '/-/emulator' } : {}),
  };
}

const TAKES_VALUE: readonly string[] = [
  ...['port', 'host', 'region', 'bucket', 'access-key-id', 'access-key-secret', 'security-token', 'data-dir'],
  'callback-host',
];
const FLAGS: readonly string[] = ['discard', 'admin'];

function checkNames(rawArgs: readonly string[]): void {
  for (let index = 0; index < rawArgs.length; index++) {
    const [, name = '', equals] = /^--([^=]*)(=?)/.exec(rawArgs[index] ?? '') ?? [];
    if (TAKES_VALUE.includes(name)) index += equals ? 0 : 1;
    else if (!FLAGS.includes(name)) throw new TypeError(`unknown argument ${rawArgs[index]}; see --help`);
  }
}

function readRepeated(name: string, rawArgs: readonly string[]): readonly string[] {
  return rawArgs.flatMap((arg, index) => {
    if (arg === `--${name}`) return [rawArgs[index + 1] ?? ''];
    return arg.startsWith(`--${name}=`) ? [arg.slice(name.length + 3)] : [];
  });
}

function stopOnSignal(emulator: OssEmulator): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      emulator.close().then(
        () => process.exit(0),
        (reason: unknown) => {
          console.error(`partway-emulator: ${describeError(reason)}`);
          process.exit(1);
        },
      );
    });
  }
}

function describeError(reason: unknown): string {
  if (!(reason instanceof Error)) return String(reason);
  if ('code' in reason && reason.code === 'EADDRINUSE') return `the port is in use (${reason.message})`;
  return reason.message;
}

await runMain(command);
