import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A child process that runs tasks by `serveTasks`, one at a time. */
export interface Child {
  /** Rejects when the child fails, exits, or takes longer than `RESULT_MS_MAX`. */
  run<Result>(task: unknown): Promise<Result>;
  stop(): Promise<void>;
}

/** The message from a child. */
export type TaskResponse = { readonly result: unknown } | { readonly failure: string };

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
  runningChildren.add(child);
  void exited.then(() => runningChildren.delete(child));
  return {
    // A parse edge: both ends are compiled together.
    run: async <Result>(task: unknown) => (await runTask(child, task)) as Result,
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Starts a child, runs one task in it, and stops it. */
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

async function runTask(child: ChildProcess, task: unknown): Promise<unknown> {
  const listeners = new AbortController();
  const { signal } = listeners;
  try {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.at(-1)} has exited`);
    const response = once(child, 'message', {
      signal: AbortSignal.any([signal, AbortSignal.timeout(RESULT_MS_MAX)]),
    });
    const exit = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`${child.spawnargs.at(-1)} exited with ${String(code)} without a result`);
    });
    // One of them settles, the other one is aborted at the end.
    for (const either of [response, exit]) either.catch(() => undefined);
    child.send({ task });
    const [message] = await Promise.race([response, exit]);
    const outcome: TaskResponse = message;
    if ('failure' in outcome) throw new Error(`${child.spawnargs.at(-1)}: ${outcome.failure}`);
    return outcome.result;
  } finally {
    listeners.abort();
  }
}

const runningChildren = new Set<ChildProcess>();

/** Kills all children. If this process is killed, they exit by `disconnect`. */
export function killChildren(): void {
  for (const child of runningChildren) child.kill('SIGKILL');
}
