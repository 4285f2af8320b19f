/** Checks an invariant that only a defect of Partway can break. Stays in production: OSS must not see one. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${claim}`);
}
