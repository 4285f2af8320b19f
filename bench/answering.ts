import type { Reply } from './processes.ts';

/** Makes this process the other end of `startChild`: it answers until its parent is gone. */
export function answering<Question, Answer>(answer: (question: Question) => Promise<Answer>): void {
  process.on('disconnect', () => process.exit());
  process.on('message', (message: { readonly question: Question }) => {
    void answer(message.question).then(
      (told) => reply({ answer: told }),
      (reason: unknown) =>
        reply({ failure: reason instanceof Error ? (reason.stack ?? reason.message) : String(reason) }),
    );
  });
}

function reply(message: Reply): void {
  process.send?.(message);
}
