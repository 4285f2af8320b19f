import type { Amounts } from './amounts.ts';
import { make, setAttribute, setProgress, setText } from './dom.ts';
import type { UploadTally } from './events.ts';
import type { UploadTexts } from './texts/texts.ts';

/** The line below the list: all files together. Shown from two files on. */
export interface Overall {
  readonly node: HTMLElement;
  update(tally: UploadTally, texts: UploadTexts, amounts: Amounts): void;
}

export function createOverall(): Overall {
  const progress = make('progress', 'progress overall-progress');
  const summary = make('span', 'summary');
  const node = make('div', 'overall', [summary, progress]);
  return {
    node,
    update(tally, texts, amounts) {
      node.hidden = tally.files < 2;
      setAttribute(progress, 'aria-label', texts.allFiles);
      setProgress(progress, tally.sentBytes, tally.size);
      setText(summary, summaryText(tally, texts, amounts));
    },
  };
}

function summaryText(tally: UploadTally, texts: UploadTexts, amounts: Amounts): string {
  const { sentBytes, size, bytesPerSecond = 0 } = tally;
  const isMoving = bytesPerSecond > 0 && sentBytes < size;
  return [
    texts.summary(tally),
    sentBytes < size ? texts.sizeOf(amounts.size(sentBytes), amounts.size(size)) : '',
    isMoving ? amounts.speed(bytesPerSecond) : '',
    isMoving ? texts.timeLeft(amounts.time(((size - sentBytes) / bytesPerSecond) * 1000)) : '',
  ]
    .filter((text) => text !== '')
    .join(' · ');
}
