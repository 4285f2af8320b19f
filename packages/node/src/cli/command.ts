import type { ArgsDef } from 'citty';

/** One command of `partway`. */
export interface Command {
  readonly description: string;
  readonly args: ArgsDef;
  /** Resolves with the exit code. Rejects with a `TypeError` or `RangeError` for wrong usage. */
  readonly run: (parsed: ParsedArgs) => Promise<number>;
}

/** The arguments and options of a command line. */
export interface ParsedArgs {
  /** The value of an argument or option; `undefined` if it is missing. */
  text(name: string): string | undefined;
  flag(name: string): boolean;
  /** All values of an option that may be repeated. */
  all(name: string): readonly string[];
}

/**
 * Rejects errors that the parser accepts: unknown options, options without a value, missing and additional
 * arguments. Throws a `TypeError` that names the option or argument.
 */
export function checkArguments(rawArgs: readonly string[], args: ArgsDef): void {
  const positionals: string[] = [];
  for (let index = 0; index < rawArgs.length; index++) {
    const arg = rawArgs[index] ?? '';
    if (arg === '--') {
      positionals.push(...rawArgs.slice(index + 1));
      break;
    }
    if (!arg.startsWith('-') || arg === '-') {
      positionals.push(arg);
      continue;
    }
    const [, name = '', value] = /^--([^=]+)(?:=(.*))?$/s.exec(expandAlias(arg, args)) ?? [];
    if (args[name]?.type === 'string') {
      const text = value ?? rawArgs[++index] ?? '';
      if (text === '' || text.startsWith('--')) throw new TypeError(`--${name} requires a value`);
    } else if (!isFlag(name, args)) {
      throw new TypeError(`unknown option ${arg}; try --help`);
    } else if (value !== undefined) {
      throw new TypeError(`--${name} takes no value`);
    }
  }
  checkPositionals(positionals, args);
}

/** Replaces `-r` by `--recursive`. */
function expandAlias(arg: string, args: ArgsDef): string {
  const name = Object.keys(args).find((each) => arg === `-${getAlias(args[each])}`);
  return name === undefined ? arg : `--${name}`;
}

function getAlias(arg: ArgsDef[string] | undefined): unknown {
  return arg !== undefined && 'alias' in arg ? arg.alias : undefined;
}

function isFlag(name: string, args: ArgsDef): boolean {
  if (args[name]?.type === 'boolean') return true;
  const negated = name.startsWith('no-') ? args[name.slice('no-'.length)] : undefined;
  return negated?.type === 'boolean' && negated.default === true;
}

function checkPositionals(positionals: readonly string[], args: ArgsDef): void {
  const names = Object.keys(args).filter((name) => args[name]?.type === 'positional');
  const missing = names[positionals.length];
  if (missing !== undefined) throw new TypeError(`${missing.toUpperCase()} is missing; try --help`);
  const additional = positionals[names.length];
  if (additional === undefined) return;
  // A presigned URL is a bearer credential.
  const text = /^https?:/i.test(additional) ? 'a URL' : additional;
  throw new TypeError(`unexpected argument: ${text}; try --help`);
}

/** The parser keeps only the last value of a repeated option, so `all` reads the raw arguments. */
export function parseArgs(
  values: Readonly<Record<string, unknown>>,
  rawArgs: readonly string[],
  args: ArgsDef,
): ParsedArgs {
  return {
    text(name) {
      const value = values[name];
      return typeof value === 'string' && value !== '' ? value : undefined;
    },
    flag: (name) => values[name] === true,
    all(name) {
      const end = rawArgs.indexOf('--');
      return rawArgs.slice(0, end === -1 ? undefined : end).flatMap((arg, index) => {
        if (arg === `--${name}` || arg === `-${getAlias(args[name])}`) return [rawArgs[index + 1] ?? ''];
        return arg.startsWith(`--${name}=`) ? [arg.slice(name.length + 3)] : [];
      });
    },
  };
}
