import type { ArgsDef } from 'citty';

/** One command of `partway`. */
export interface Command {
  readonly description: string;
  readonly args: ArgsDef;
  /** Resolves with the exit code. Rejects with a `TypeError` or `RangeError` for wrong usage. */
  readonly run: (given: Given) => Promise<number>;
}

/** The arguments of the user. */
export interface Given {
  /** `undefined` when it was left out. */
  text(name: string): string | undefined;
  flag(name: string): boolean;
  /** All values of an option that may be repeated. */
  all(name: string): readonly string[];
}

/**
 * Refuses what the parser lets pass: unknown options, options without their value, and missing or further
 * arguments.
 *
 * @throws TypeError that names the option.
 */
export function checkArguments(rawArgs: readonly string[], args: ArgsDef): void {
  const words: string[] = [];
  for (let index = 0; index < rawArgs.length; index++) {
    const arg = rawArgs[index] ?? '';
    if (arg === '--') {
      words.push(...rawArgs.slice(index + 1));
      break;
    }
    if (!arg.startsWith('-') || arg === '-') {
      words.push(arg);
      continue;
    }
    const [, name = '', value] = /^--([^=]+)(?:=(.*))?$/s.exec(inFull(arg, args)) ?? [];
    if (args[name]?.type === 'string') {
      const text = value ?? rawArgs[++index] ?? '';
      if (text === '' || text.startsWith('--')) throw new TypeError(`--${name} needs a value`);
    } else if (!isFlag(name, args)) {
      throw new TypeError(`${arg} is not an option; try --help`);
    } else if (value !== undefined) {
      throw new TypeError(`--${name} takes no value`);
    }
  }
  checkWords(words, args);
}

/** `-r` stands for `--recursive`. */
function inFull(arg: string, args: ArgsDef): string {
  const name = Object.keys(args).find((each) => arg === `-${aliasOf(args[each])}`);
  return name === undefined ? arg : `--${name}`;
}

function aliasOf(arg: ArgsDef[string] | undefined): unknown {
  return arg !== undefined && 'alias' in arg ? arg.alias : undefined;
}

function isFlag(name: string, args: ArgsDef): boolean {
  if (args[name]?.type === 'boolean') return true;
  const negated = name.startsWith('no-') ? args[name.slice('no-'.length)] : undefined;
  return negated?.type === 'boolean' && negated.default === true;
}

function checkWords(words: readonly string[], args: ArgsDef): void {
  const names = Object.keys(args).filter((name) => args[name]?.type === 'positional');
  const missing = names[words.length];
  if (missing !== undefined) throw new TypeError(`${missing.toUpperCase()} is missing; try --help`);
  const surplus = words[names.length];
  if (surplus === undefined) return;
  // A presigned URL is a bearer credential.
  const shown = /^https?:/i.test(surplus) ? 'the URL' : surplus;
  throw new TypeError(`${shown} is one argument too many; try --help`);
}

/** Of a repeated option the parser keeps the last value, so `all` reads them by itself. */
export function readGiven(
  args: Readonly<Record<string, unknown>>,
  rawArgs: readonly string[],
  defined: ArgsDef,
): Given {
  return {
    text(name) {
      const value = args[name];
      return typeof value === 'string' && value !== '' ? value : undefined;
    },
    flag: (name) => args[name] === true,
    all(name) {
      const end = rawArgs.indexOf('--');
      return rawArgs.slice(0, end === -1 ? undefined : end).flatMap((arg, index) => {
        if (arg === `--${name}` || arg === `-${aliasOf(defined[name])}`) return [rawArgs[index + 1] ?? ''];
        return arg.startsWith(`--${name}=`) ? [arg.slice(name.length + 3)] : [];
      });
    },
  };
}
