import type { TaskResponse } from './processes.ts';

/** Runs the tasks of the parent that started this process by `startChild`, until the parent exits. */
export function serveTasks<Task, Result>(run: (task: Task) => Promise<Result>): void {
  process.on('disconnect', () => process.exit());
  process.on('message', (message: { readonly task: Task }) => {
    void run(message.task).then(
      (result) => respond({ result }),
      (reason: unknown) =>
        respond({ failure: reason instanceof Error ? (reason.stack ?? reason.message) : String(reason) }),
    );
  });
}

function respond(message: TaskResponse): void {
  process.send?.(message);
}
