/**
 * Checks what only a defect of ours can break. Stays in production: a broken invariant must not reach OSS.
 */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${claim}`);
}
