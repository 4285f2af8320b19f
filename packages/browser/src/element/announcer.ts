import { createPart, setText } from './dom.ts';

/** Announces changes to screen readers, after what they are reading (`aria-live="polite"`). */
export interface Announcer {
  readonly node: HTMLElement;
  announce(text: string): void;
}

/** If more than three texts are announced at once, `summary` replaces them. */
export function createAnnouncer(summary: () => string): Announcer {
  const node = createPart('p', 'announcer');
  let waiting: string[] = [];
  node.role = 'status';
  node.ariaLive = 'polite';

  function announceAll(): void {
    const text = waiting.length > TEXTS_MAX ? summary() : waiting.join(' ');
    waiting = [];
    // The same text again would not be a change: a space is added.
    setText(node, text === node.textContent ? `${text}\u00a0` : text);
  }

  return {
    node,
    announce(text) {
      if (waiting.push(text) === 1) setTimeout(announceAll, COLLECT_MS);
    },
  };
}

const TEXTS_MAX = 3;

/** Texts are collected for 300 ms: dozens of small files may end within a second. */
const COLLECT_MS = 300;
