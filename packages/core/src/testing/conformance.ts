/** One test of an implementation of a port. Works with any test runner. */
export interface ConformanceCase {
  /** The title of the test. */
  readonly name: string;
  /** Rejects with an error that describes the violation. */
  run(): Promise<void>;
}

/** Throws unless the condition is true. `expectation` describes it in the error. */
export function expectTrue(condition: boolean, expectation: string): asserts condition {
  if (!condition) throw new Error(`does not conform: expected that ${expectation}`);
}

/** Returns the reason with which the promise rejects. Throws when it resolves. */
export async function getRejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (reason) {
    return reason;
  }
  throw new Error('does not conform: resolved where it must reject');
}
