import type { AmountFormatter } from '../amount-formatter.ts';
import type { Announcer } from '../announcer.ts';
import { createPart, setText } from '../dom.ts';
import { findNeighbour } from '../file-rows.ts';
import type { UploadTexts } from '../texts/texts.ts';
import { canUseHandle, createUnfinishedRow, problemText, type UnfinishedRow } from './unfinished-row.ts';
import type { UnfinishedEntry } from './unfinished-uploads.ts';

/** The list of unfinished uploads, above the files. Hidden if there are none. */
export interface UnfinishedList {
  readonly node: HTMLElement;
  show(uploads: readonly UnfinishedEntry[]): void;
  localize(texts: UploadTexts, format: AmountFormatter): void;
}

export interface UnfinishedActions {
  /** Resumes an upload with the file that the user chose again or, if `undefined`, by its handle. */
  resumeUnfinished(upload: UnfinishedEntry, file: File | undefined): void;
  removeUnfinished(upload: UnfinishedEntry): void;
}

/** The actions of the panel that contains the list. */
export interface UnfinishedListOptions extends UnfinishedActions, Pick<Announcer, 'announce'> {
  /** Called when the last row is removed and has the focus. */
  focusNext(): void;
}

export function createUnfinishedList({
  resumeUnfinished,
  removeUnfinished,
  announce,
  focusNext,
}: UnfinishedListOptions): UnfinishedList {
  const rows = new Map<string, UnfinishedRow>();
  const title = createPart('p', 'unfinished-title');
  const list = createPart('ul', 'list');
  const picker = createPicker(resumeUnfinished);
  const node = createPart('div', 'unfinished', [title, list, picker.node]);
  let shown: readonly UnfinishedEntry[] = [];
  let locale: { readonly texts: UploadTexts; readonly format: AmountFormatter } | undefined;
  list.role = 'list';
  node.hidden = true;

  function resume(upload: UnfinishedEntry): void {
    if (canUseHandle(upload)) resumeUnfinished(upload, undefined);
    else picker.open(upload);
  }

  function removeRow(id: string, row: UnfinishedRow): void {
    if (row.node.matches(':focus-within')) (findNeighbour(rows, id) ?? { focus: focusNext }).focus();
    rows.delete(id);
    row.node.remove();
  }

  function update(): void {
    if (locale === undefined) return;
    const { texts, format } = locale;
    list.ariaLabel = texts.unfinished;
    setText(title, texts.unfinished);
    for (const upload of shown) {
      const row = rows.get(upload.id) ?? createUnfinishedRow(upload, { resume, remove: removeUnfinished });
      rows.set(upload.id, row);
      row.update(upload, texts, format);
      if (row.node.parentNode === null) list.append(row.node);
    }
    const ids = new Set(shown.map(({ id }) => id));
    for (const [id, row] of [...rows]) if (!ids.has(id)) removeRow(id, row);
    // Hidden last: the focus must move elsewhere first.
    node.hidden = shown.length === 0;
  }

  return {
    node,
    show(uploads) {
      const changes = locale && announcedChanges(shown, uploads, locale.texts);
      for (const text of changes ?? []) announce(text);
      shown = uploads;
      update();
    },
    localize(texts, format) {
      locale = { texts, format };
      update();
    },
  };
}

/** Announces the first unfinished uploads, and new problems. */
function announcedChanges(
  before: readonly UnfinishedEntry[],
  after: readonly UnfinishedEntry[],
  texts: UploadTexts,
): readonly string[] {
  const found = before.length === 0 && after.length > 0 ? [texts.unfinishedFound(after.length)] : [];
  const problems = after.flatMap(({ id, name, problem }) => {
    const isAnnounced = before.find((upload) => upload.id === id)?.problem === problem;
    return problem === undefined || isAnnounced
      ? []
      : [texts.announcement(name, problemText(problem, name, texts))];
  });
  return [...found, ...problems];
}

interface Picker {
  readonly node: HTMLInputElement;
  /** Opens the file dialog for this upload. */
  open(upload: UnfinishedEntry): void;
}

function createPicker(onChosen: (upload: UnfinishedEntry, file: File) => void): Picker {
  const node = document.createElement('input');
  let current: UnfinishedEntry | undefined;
  node.type = 'file';
  node.hidden = true;
  node.addEventListener('change', () => {
    const [file] = node.files ?? [];
    if (file !== undefined && current !== undefined) onChosen(current, file);
    // Allows the user to choose the same file again.
    node.value = '';
  });
  return {
    node,
    open(upload) {
      current = upload;
      node.click();
    },
  };
}
