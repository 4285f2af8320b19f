import type { Amounts } from '../amounts.ts';
import type { Announcer } from '../announcer.ts';
import { make, setText } from '../dom.ts';
import { neighbour } from '../file-rows.ts';
import type { UploadTexts } from '../texts/texts.ts';
import { canUseHandle, createUnfinishedRow, problemText, type UnfinishedRow } from './unfinished-row.ts';
import type { UnfinishedEntry } from './unfinished-uploads.ts';

/** What was left unfinished, above the files. Hidden where there is nothing. */
export interface UnfinishedList {
  readonly node: HTMLElement;
  show(uploads: readonly UnfinishedEntry[]): void;
  restyle(texts: UploadTexts, amounts: Amounts): void;
}

export interface UnfinishedActions {
  /** `file` was chosen again; without it the handle that is kept leads to the file. */
  resume(upload: UnfinishedEntry, file: File | undefined): void;
  forget(upload: UnfinishedEntry): void;
}

/** What the list needs of the panel it is in. */
export interface UnfinishedListOptions extends UnfinishedActions, Pick<Announcer, 'tell'> {
  /** The row with the focus has gone, and there is no other. */
  focusNext(): void;
}

export function createUnfinishedList({
  resume,
  forget,
  tell,
  focusNext,
}: UnfinishedListOptions): UnfinishedList {
  const rows = new Map<string, UnfinishedRow>();
  const title = make('p', 'unfinished-title');
  const list = make('ul', 'list');
  const picker = createPicker(resume);
  const node = make('div', 'unfinished', [title, list, picker.node]);
  let shown: readonly UnfinishedEntry[] = [];
  let words: { readonly texts: UploadTexts; readonly amounts: Amounts } | undefined;
  list.role = 'list';
  node.hidden = true;

  function goOn(upload: UnfinishedEntry): void {
    if (canUseHandle(upload)) resume(upload, undefined);
    else picker.open(upload);
  }

  function removeRow(id: string, row: UnfinishedRow): void {
    if (row.node.matches(':focus-within')) (neighbour(rows, id) ?? { focus: focusNext }).focus();
    rows.delete(id);
    row.node.remove();
  }

  function update(): void {
    if (words === undefined) return;
    const { texts, amounts } = words;
    list.ariaLabel = texts.unfinished;
    setText(title, texts.unfinished);
    for (const upload of shown) {
      const row = rows.get(upload.id) ?? createUnfinishedRow(upload, { goOn, forget });
      rows.set(upload.id, row);
      row.update(upload, texts, amounts);
      if (row.node.parentNode === null) list.append(row.node);
    }
    const ids = new Set(shown.map(({ id }) => id));
    for (const [id, row] of [...rows]) if (!ids.has(id)) removeRow(id, row);
    // Not before the focus has gone elsewhere.
    node.hidden = shown.length === 0;
  }

  return {
    node,
    show(uploads) {
      const told = words && toldChanges(shown, uploads, words.texts);
      for (const text of told ?? []) tell(text);
      shown = uploads;
      update();
    },
    restyle(texts, amounts) {
      words = { texts, amounts };
      update();
    },
  };
}

/** What is to be told: that there is something unfinished, and what could not be done. */
function toldChanges(
  before: readonly UnfinishedEntry[],
  after: readonly UnfinishedEntry[],
  texts: UploadTexts,
): readonly string[] {
  const found = before.length === 0 && after.length > 0 ? [texts.foundUnfinished(after.length)] : [];
  const problems = after.flatMap(({ id, name, problem }) => {
    const isKnown = before.find((upload) => upload.id === id)?.problem === problem;
    return problem === undefined || isKnown ? [] : [texts.told(name, problemText(problem, name, texts))];
  });
  return [...found, ...problems];
}

interface Picker {
  readonly node: HTMLInputElement;
  /** Lets the user choose the file of this upload. */
  open(upload: UnfinishedEntry): void;
}

function createPicker(onChosen: (upload: UnfinishedEntry, file: File) => void): Picker {
  const node = document.createElement('input');
  let awaited: UnfinishedEntry | undefined;
  node.type = 'file';
  node.hidden = true;
  node.addEventListener('change', () => {
    const [file] = node.files ?? [];
    if (file !== undefined && awaited !== undefined) onChosen(awaited, file);
    // So that the same file can be chosen again.
    node.value = '';
  });
  return {
    node,
    open(upload) {
      awaited = upload;
      node.click();
    },
  };
}
