import type { Upload } from '@partway/browser';
import { describeEvent, type Tone } from './describe-event.ts';
import { make, nodeOf } from './nodes.ts';

/** What has happened, in plain words, the newest at the end. */
export interface Log {
  add(subject: string, text: string, tone: Tone): void;
  /** Tells of an upload whatever it tells. */
  follow(fileName: string, upload: Upload): void;
  readonly clear: () => void;
}

/** Nobody scrolls farther back. */
const LINES_MAX = 300;

export function createLog(): Log {
  const node = nodeOf('div#log');
  const empty = nodeOf('p#log-empty');
  const clearing = nodeOf('button#clear-log');
  // What can be scrolled has to be reached by the keyboard too.
  node.tabIndex = 0;

  function showEmpty(isEmpty: boolean): void {
    node.hidden = isEmpty;
    clearing.hidden = isEmpty;
    empty.hidden = !isEmpty;
  }

  function add(subject: string, text: string, tone: Tone): void {
    // Whoever has scrolled back wants to read.
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
        const said = describeEvent(event, upload.snapshot());
        if (said !== undefined) add(fileName, said.text, said.tone);
      });
    },
    clear() {
      node.replaceChildren();
      showEmpty(true);
    },
  };
}
