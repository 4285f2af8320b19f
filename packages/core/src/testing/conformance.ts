/** One claim about an implementation of a port. Runs under any test runner. */
export interface ConformanceCase {
  readonly name: string;
  /** Throws, with a sentence that says why, when the claim does not hold. */
  run(): Promise<void>;
}

/** Throws unless the claim holds. */
export function claim(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new Error(`does not conform: ${sentence}`);
}

/** What the promise rejects with. Throws when it resolves. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (reason) {
    return reason;
  }
  throw new Error('does not conform: it resolves where it must reject');
}
