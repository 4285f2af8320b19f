/**
 * Calls `task` before the next frame is painted; several calls with one task run it once. A hidden page
 * paints no frames: its tasks run after 500 ms.
 */
export function runOnNextFrame(task: () => void): void {
  waiting.add(task);
  if (waiting.size > 1) return;
  const frame = requestAnimationFrame(run);
  const timer = setTimeout(run, HIDDEN_MS);

  function run(): void {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    const tasks = [...waiting];
    waiting.clear();
    for (const next of tasks) {
      try {
        next();
      } catch (reason) {
        // An error of one task must not keep the others from running.
        reportError(reason);
      }
    }
  }
}

const HIDDEN_MS = 500;

/** Shared by the page: uploads that change within one frame cause one rendering. */
const waiting = new Set<() => void>();
