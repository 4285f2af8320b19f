import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A child process that runs tasks, one at a time. See `serveTasks`, its other end. */
export interface Child {
  /** Rejects when the child fails, dies, or takes longer than `RESULT_MS_MAX`. */
  run<Result>(task: unknown): Promise<Result>;
  stop(): Promise<void>;
}

/** The message from a child. */
export type Reply = { readonly result: unknown } | { readonly failure: string };

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
  /** The program that starts the script. Default: this Node. */
  readonly execPath?: string;
}

/** `script` is relative to the folder of the built bench. */
export function startChild(script: string, options: ChildOptions = {}): Child {
  const { env = {}, execArgv = [], execPath = process.execPath } = options;
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = fork(path, { env: { ...process.env, ...env }, execArgv: [...execArgv], execPath });
  const exited = once(child, 'exit');
  living.add(child);
  void exited.then(() => living.delete(child));
  return {
    // A parse edge: both ends are compiled together.
    run: async <Result>(task: unknown) => (await resultOf(child, task)) as Result,
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Starts a child, runs one task in it, and ends it. */
export async function runOnce<Result>(
  script: string,
  task: unknown,
  options: ChildOptions = {},
): Promise<Result> {
  const child = startChild(script, options);
  try {
    return await child.run<Result>(task);
  } finally {
    await child.stop();
  }
}

const RESULT_MS_MAX = 15 * 60_000;

async function resultOf(child: ChildProcess, task: unknown): Promise<unknown> {
  const listening = new AbortController();
  const { signal } = listening;
  try {
    if (child.exitCode !== null) throw new Error(`a process of the bench has ended: ${child.spawnfile}`);
    const reply = once(child, 'message', {
      signal: AbortSignal.any([signal, AbortSignal.timeout(RESULT_MS_MAX)]),
    });
    const death = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`${child.spawnargs.at(-1)} ended with ${String(code)} without a result`);
    });
    // Only one of them comes, and the other is then given up.
    for (const either of [reply, death]) either.catch(() => undefined);
    child.send({ task });
    const [message] = await Promise.race([reply, death]);
    const received: Reply = message;
    if ('failure' in received) throw new Error(`${child.spawnargs.at(-1)}: ${received.failure}`);
    return received.result;
  } finally {
    listening.abort();
  }
}

const living = new Set<ChildProcess>();

/** Whatever ends this process ends its children too. Should it be killed, their `disconnect` ends them. */
export function endChildren(): void {
  for (const child of living) child.kill('SIGKILL');
}
