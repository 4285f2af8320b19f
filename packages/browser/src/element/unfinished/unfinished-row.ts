import type { UploadErrorCode } from '@partway/core';
import type { Amounts } from '../amounts.ts';
import { make, makeButton, setAttribute, setProgress, setText } from '../dom.ts';
import { failureKind } from '../failures.ts';
import { label } from '../row.ts';
import type { UploadTexts } from '../texts/texts.ts';
import type { UnfinishedEntry } from './unfinished-uploads.ts';

/** The row of an unfinished upload. Like that of a file it is made once, and then only changed. */
export interface UnfinishedRow {
  readonly node: HTMLLIElement;
  update(upload: UnfinishedEntry, texts: UploadTexts, amounts: Amounts): void;
  focus(): void;
}

export interface UnfinishedRowActions {
  /** Its user wants to go on: by the handle that is kept, or by choosing the file. */
  goOn(upload: UnfinishedEntry): void;
  forget(upload: UnfinishedEntry): void;
}

export function createUnfinishedRow(first: UnfinishedEntry, actions: UnfinishedRowActions): UnfinishedRow {
  let upload = first;
  const name = make('span', 'name', [first.name]);
  const size = make('span', 'size');
  const progress = make('progress', 'progress');
  const status = make('span', 'status status-unfinished');
  const goOn = makeButton('again', () => actions.goOn(upload));
  const forget = makeButton('remove', () => actions.forget(upload));
  const node = make('li', 'row row-unfinished', [
    ...[name, size, progress, status],
    make('span', 'actions', [goOn, forget]),
  ]);
  name.dir = 'auto';
  progress.ariaLabel = first.name;
  return {
    node,
    focus: () => goOn.focus(),
    update(changed, texts, amounts) {
      upload = changed;
      const { isUnderWay, isBusy, problem } = upload;
      const action = canUseHandle(upload) ? texts.resume : texts.chooseAgain;
      const kind = problem === undefined ? 'unfinished' : 'failed';
      setAttribute(status, 'part', `status status-${kind}`);
      setText(size, amounts.size(upload.size));
      setProgress(progress, upload.confirmedBytes, upload.size);
      setText(status, statusText(upload, texts, amounts));
      for (const button of [goOn, forget]) {
        setAttribute(button, 'aria-disabled', String(isUnderWay || isBusy));
      }
      label(goOn, action, texts.button(action, upload.name));
      label(forget, texts.remove, texts.button(texts.remove, upload.name));
    },
  };
}

/** A file that is gone, or that may not be read, has to be chosen. */
export function canUseHandle({ hasHandle, problem }: UnfinishedEntry): boolean {
  return hasHandle && (problem === undefined || failureKind(problem) !== 'file');
}

function statusText(upload: UnfinishedEntry, texts: UploadTexts, amounts: Amounts): string {
  const { confirmedBytes, size, startedAt, isUnderWay, name, problem } = upload;
  if (problem !== undefined) return problemText(problem, name, texts);
  return [
    isUnderWay ? texts.underWayElsewhere : '',
    texts.sizeOf(amounts.size(confirmedBytes), amounts.size(size)),
    isUnderWay ? '' : texts.begun(amounts.age(Date.now() - startedAt)),
  ]
    .filter((text) => text !== '')
    .join(' · ');
}

/** What its user can do about it. */
export function problemText(problem: UploadErrorCode, fileName: string, texts: UploadTexts): string {
  if (problem === 'source_changed') return texts.anotherFile(fileName);
  return failureKind(problem) === 'file' ? texts.unreadable : texts.failure({ code: problem });
}
