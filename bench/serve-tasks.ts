import type { Reply } from './processes.ts';

/** Makes this process the other end of `startChild`: it runs tasks until its parent ends. */
export function serveTasks<Task, Result>(run: (task: Task) => Promise<Result>): void {
  process.on('disconnect', () => process.exit());
  process.on('message', (message: { readonly task: Task }) => {
    void run(message.task).then(
      (result) => reply({ result }),
      (reason: unknown) =>
        reply({ failure: reason instanceof Error ? (reason.stack ?? reason.message) : String(reason) }),
    );
  });
}

function reply(message: Reply): void {
  process.send?.(message);
}
