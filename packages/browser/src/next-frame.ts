/**
 * Calls `task` before the next frame is painted, once, however often it was asked for. A page that is hidden
 * paints no frames: there it is called after half a second.
 */
export function onNextFrame(task: () => void): void {
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
        // One that watches must not keep the others from being told.
        reportError(reason);
      }
    }
  }
}

const HIDDEN_MS = 500;

/** Of the whole page: many uploads that move within one frame are shown by one rendering. */
const waiting = new Set<() => void>();
