import type { Upload } from '@partway/browser';
import { describeEvent, type Tone } from './describe-event.ts';
import { make, nodeOf } from './nodes.ts';

/** The log of events, the newest at the end. */
export interface Log {
  add(subject: string, text: string, tone: Tone): void;
  /** Logs the events of an upload. */
  follow(fileName: string, upload: Upload): void;
  readonly clear: () => void;
}

/** Older lines are removed. */
const LINES_MAX = 300;

export function createLog(): Log {
  const node = nodeOf('div#log');
  const empty = nodeOf('p#log-empty');
  const clearButton = nodeOf('button#clear-log');
  // A scrollable element must be reachable by keyboard.
  node.tabIndex = 0;

  function showEmpty(isEmpty: boolean): void {
    node.hidden = isEmpty;
    clearButton.hidden = isEmpty;
    empty.hidden = !isEmpty;
  }

  function add(subject: string, text: string, tone: Tone): void {
    // Do not scroll while the user reads older lines.
    const isAtEnd = node.scrollHeight - node.scrollTop - node.clientHeight < 40;
    const time = make('time', 'log-time', [new Date().toLocaleTimeString('en-GB')]);
    node.append(
      make('p', `log-line tone-${tone}`, [time, ' ', make('b', 'log-subject', [subject]), ' ', text]),
    );
    if (node.childElementCount > LINES_MAX) node.firstElementChild?.remove();
    showEmpty(false);
    if (isAtEnd) node.scrollTop = node.scrollHeight;
  }

  return {
    add,
    follow(fileName, upload) {
      upload.subscribe((event) => {
        const line = describeEvent(event, upload.snapshot());
        if (line !== undefined) add(fileName, line.text, line.tone);
      });
    },
    clear() {
      node.replaceChildren();
      showEmpty(true);
    },
  };
}
