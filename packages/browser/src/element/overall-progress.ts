import type { AmountFormatter } from './amount-formatter.ts';
import { createPart, setAttribute, setProgress, setText } from './dom.ts';
import type { UploadTotals } from './events.ts';
import type { UploadTexts } from './texts/texts.ts';

/** The line below the list with the totals of all files. Hidden for less than two files. */
export interface OverallProgress {
  readonly node: HTMLElement;
  update(totals: UploadTotals, texts: UploadTexts, format: AmountFormatter): void;
}

export function createOverallProgress(): OverallProgress {
  const progress = createPart('progress', 'progress overall-progress');
  const summary = createPart('span', 'summary');
  const node = createPart('div', 'overall', [summary, progress]);
  return {
    node,
    update(totals, texts, format) {
      node.hidden = totals.files < 2;
      setAttribute(progress, 'aria-label', texts.allFiles);
      setProgress(progress, totals.sentBytes, totals.size);
      setText(summary, summaryText(totals, texts, format));
    },
  };
}

function summaryText(totals: UploadTotals, texts: UploadTexts, format: AmountFormatter): string {
  const { sentBytes, size, bytesPerSecond = 0 } = totals;
  const isSending = bytesPerSecond > 0 && sentBytes < size;
  return [
    texts.summary(totals),
    sentBytes < size ? texts.sizeOf(format.size(sentBytes), format.size(size)) : '',
    isSending ? format.speed(bytesPerSecond) : '',
    isSending ? texts.timeLeft(format.time(((size - sentBytes) / bytesPerSecond) * 1000)) : '',
  ]
    .filter((text) => text !== '')
    .join(' · ');
}
