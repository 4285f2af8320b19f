import type { UploadErrorCode } from '@partway/core';
import type { AmountFormatter } from '../amount-formatter.ts';
import { createButton, createPart, setAttribute, setProgress, setText } from '../dom.ts';
import { failureKind } from '../failures.ts';
import { setLabel } from '../row.ts';
import type { UploadTexts } from '../texts/texts.ts';
import type { UnfinishedEntry } from './unfinished-uploads.ts';

/** The row of an unfinished upload. Like the row of a file it is created once and then updated. */
export interface UnfinishedRow {
  readonly node: HTMLLIElement;
  update(upload: UnfinishedEntry, texts: UploadTexts, format: AmountFormatter): void;
  focus(): void;
}

export interface UnfinishedRowActions {
  /** Resumes the upload by its handle, or lets the user choose the file. */
  resume(upload: UnfinishedEntry): void;
  remove(upload: UnfinishedEntry): void;
}

export function createUnfinishedRow(first: UnfinishedEntry, actions: UnfinishedRowActions): UnfinishedRow {
  let upload = first;
  const name = createPart('span', 'name', [first.name]);
  const size = createPart('span', 'size');
  const progress = createPart('progress', 'progress');
  const status = createPart('span', 'status status-unfinished');
  const resume = createButton('resume', () => actions.resume(upload));
  const remove = createButton('remove', () => actions.remove(upload));
  const node = createPart('li', 'row row-unfinished', [
    ...[name, size, progress, status],
    createPart('span', 'actions', [resume, remove]),
  ]);
  name.dir = 'auto';
  progress.ariaLabel = first.name;
  return {
    node,
    focus: () => resume.focus(),
    update(changed, texts, format) {
      upload = changed;
      const { isActive, isBusy, problem } = upload;
      const action = canUseHandle(upload) ? texts.resume : texts.chooseAgain;
      const kind = problem === undefined ? 'unfinished' : 'failed';
      setAttribute(status, 'part', `status status-${kind}`);
      setText(size, format.size(upload.size));
      setProgress(progress, upload.confirmedBytes, upload.size);
      setText(status, statusText(upload, texts, format));
      for (const button of [resume, remove]) {
        setAttribute(button, 'aria-disabled', String(isActive || isBusy));
      }
      setLabel(resume, action, texts.buttonLabel(action, upload.name));
      setLabel(remove, texts.remove, texts.buttonLabel(texts.remove, upload.name));
    },
  };
}

/** Not after an error of the file: then the user has to choose it. */
export function canUseHandle({ hasHandle, problem }: UnfinishedEntry): boolean {
  return hasHandle && (problem === undefined || failureKind(problem) !== 'file');
}

function statusText(upload: UnfinishedEntry, texts: UploadTexts, format: AmountFormatter): string {
  const { confirmedBytes, size, startedAt, isActive, name, problem } = upload;
  if (problem !== undefined) return problemText(problem, name, texts);
  return [
    isActive ? texts.activeElsewhere : '',
    texts.sizeOf(format.size(confirmedBytes), format.size(size)),
    isActive ? '' : texts.startedAgo(format.age(Date.now() - startedAt)),
  ]
    .filter((text) => text !== '')
    .join(' · ');
}

/** The text for a problem, with the next step for the user. */
export function problemText(problem: UploadErrorCode, fileName: string, texts: UploadTexts): string {
  if (problem === 'source_changed') return texts.differentFile(fileName);
  return failureKind(problem) === 'file' ? texts.unreadable : texts.failure({ code: problem });
}
