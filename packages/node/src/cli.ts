#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
import { type CommandDef, defineCommand, renderUsage, runCommand } from 'citty';
import { abort } from './cli/abort.ts';
import { type Command, checkArguments, parseArgs } from './cli/command.ts';
import { doctor } from './cli/doctor.ts';
import { EXIT, EXIT_CODES_TEXT, reportFailure } from './cli/exit-code.ts';
import { explain } from './cli/explain.ts';
import { presign } from './cli/presign.ts';
import { put } from './cli/put.ts';
import { sweep } from './cli/sweep.ts';
import { uploads } from './cli/uploads.ts';

const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.entries({ put, uploads, abort, sweep, presign, doctor, explain }),
);

const DESCRIPTION = `Multipart uploads to Alibaba Cloud OSS, proven by CRC64 and resumable.

${EXIT_CODES_TEXT}

Credentials come from OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET and, with STS, OSS_SESSION_TOKEN.
`;

/** Resolves with the exit code. */
async function main(rawArgs: readonly string[]): Promise<number> {
  const [name = '', ...rest] = rawArgs;
  const command = COMMANDS.get(name);
  const options = rawArgs.slice(0, rawArgs.includes('--') ? rawArgs.indexOf('--') : undefined);
  if (options.includes('--help') || options.includes('-h')) return showHelp(name, command);
  if (name === '--version') {
    console.log(await readVersion());
    return EXIT.done;
  }
  try {
    if (name === '') throw new TypeError('a command is required; try --help');
    if (command === undefined) throw new TypeError(`unknown command ${name}; try --help`);
    checkArguments(rest, command.args);
    const { result } = await runCommand(toCittyCommand(name, command), { rawArgs: rest });
    return Number(result);
  } catch (reason) {
    return reportFailure(reason);
  }
}

function toCittyCommand(name: string, command: Command): CommandDef {
  const { description, args } = command;
  return defineCommand({
    meta: { name, description },
    args,
    run: (context) => command.run(parseArgs(context.args, context.rawArgs, args)),
  });
}

async function showHelp(name: string, command: Command | undefined): Promise<number> {
  const subCommands = Object.fromEntries([...COMMANDS].map((entry) => [entry[0], toCittyCommand(...entry)]));
  const meta = { name: 'partway', description: DESCRIPTION, version: await readVersion() };
  const partway: CommandDef = { meta, subCommands };
  const usage = await (command === undefined
    ? renderUsage(partway)
    : renderUsage(toCittyCommand(name, command), { meta: { name: 'partway' } }));
  // Files and pagers do not interpret the colours of a terminal.
  console.log(process.stdout.isTTY ? usage : stripVTControlCharacters(usage));
  return EXIT.done;
}

async function readVersion(): Promise<string> {
  return JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')).version;
}

/** Resolves when everything written so far is flushed: writes to pipes are asynchronous. */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}

// The reader of the output has exited, as `head` does: nothing more can be printed.
process.stdout.on('error', () => process.exit(EXIT.failed));
const code = await main(process.argv.slice(2));
await Promise.all([flush(process.stdout), flush(process.stderr)]);
// A paused upload would keep the process alive.
process.exit(code);
