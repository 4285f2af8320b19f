import { make, setText } from './dom.ts';

/** Tells screen readers what has changed, when they have nothing else to say. */
export interface Announcer {
  readonly node: HTMLElement;
  tell(text: string): void;
}

/** `summary` is told in the place of more than three texts at once. */
export function createAnnouncer(summary: () => string): Announcer {
  const node = make('p', 'told');
  let waiting: string[] = [];
  node.role = 'status';
  node.ariaLive = 'polite';

  function tellAll(): void {
    const text = waiting.length > TOLD_MAX ? summary() : waiting.join(' ');
    waiting = [];
    // The same text once more would be no change.
    setText(node, text === node.textContent ? `${text}\u00a0` : text);
  }

  return {
    node,
    tell(text) {
      if (waiting.push(text) === 1) setTimeout(tellAll, GATHER_MS);
    },
  };
}

const TOLD_MAX = 3;

/** Small files end by the dozen in a second. */
const GATHER_MS = 300;
