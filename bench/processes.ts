import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process of ours that answers questions, one at a time. See `answering`, its other end. */
export interface Child {
  /** Rejects when the child fails, dies, or takes longer than `ANSWER_MS_MAX`. */
  ask<Answer>(question: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

/** What travels back from a child. */
export type Reply = { readonly answer: unknown } | { readonly failure: string };

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
  /** What is to start the script. Default: this very Node. */
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
    ask: async <Answer>(question: unknown) => (await answerOf(child, question)) as Answer,
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Starts a child, asks it one thing, and ends it. */
export async function askOnce<Answer>(
  script: string,
  question: unknown,
  options: ChildOptions = {},
): Promise<Answer> {
  const child = startChild(script, options);
  try {
    return await child.ask<Answer>(question);
  } finally {
    await child.stop();
  }
}

const ANSWER_MS_MAX = 15 * 60_000;

async function answerOf(child: ChildProcess, question: unknown): Promise<unknown> {
  const listening = new AbortController();
  const { signal } = listening;
  try {
    if (child.exitCode !== null) throw new Error(`a process of the bench has ended: ${child.spawnfile}`);
    const reply = once(child, 'message', {
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
    });
    const death = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`${child.spawnargs.at(-1)} ended with ${String(code)} instead of answering`);
    });
    // Only one of them comes, and the other is then given up.
    for (const either of [reply, death]) either.catch(() => undefined);
    child.send({ question });
    const [message] = await Promise.race([reply, death]);
    const told: Reply = message;
    if ('failure' in told) throw new Error(`${child.spawnargs.at(-1)}: ${told.failure}`);
    return told.answer;
  } finally {
    listening.abort();
  }
}

const living = new Set<ChildProcess>();

/** Whatever ends this process ends its children too. Should it be killed, their `disconnect` ends them. */
export function endChildren(): void {
  for (const child of living) child.kill('SIGKILL');
}
