import type { Amounts } from './amounts.ts';
import { make } from './dom.ts';
import { createRow, type Row, type RowActions, stateText } from './row.ts';
import type { UploadTexts } from './texts/texts.ts';
import { type ListedFile, type ShownPhase, shownPhase } from './upload-list.ts';

/** The list of files, a row each. */
export interface FileRows {
  readonly node: HTMLUListElement;
  count(): number;
  /** Shows a file in its place, for the first time or again. */
  show(listed: ListedFile): void;
  /** The focus goes to a row beside it, if it was in this one. */
  remove(listed: ListedFile): void;
  focus(listed: ListedFile): void;
  restyle(texts: UploadTexts, amounts: Amounts): void;
}

/** What the rows need of the panel they are in. */
export interface FileRowsOptions {
  readonly actions: RowActions;
  tell(text: string): void;
  /** The row with the focus is about to go, and there is no other. */
  focusNext(): void;
}

export function createFileRows({ actions, tell, focusNext }: FileRowsOptions): FileRows {
  const rows = new Map<ListedFile, Row>();
  const phases = new WeakMap<ListedFile, ShownPhase>();
  const node = make('ul', 'list');
  let words: { readonly texts: UploadTexts; readonly amounts: Amounts } | undefined;
  // Safari reads a list without bullets as none.
  node.role = 'list';

  function tellPhase(listed: ListedFile, texts: UploadTexts): void {
    const told = toldState(listed, phases.get(listed), texts);
    phases.set(listed, shownPhase(listed.state));
    if (told !== undefined) tell(texts.told(listed.file.name, told));
  }

  return {
    node,
    count: () => rows.size,
    show(listed) {
      if (words === undefined) return;
      const row = rows.get(listed) ?? createRow(listed, actions);
      rows.set(listed, row);
      row.update(words.texts, words.amounts);
      if (row.node.parentNode === null) node.append(row.node);
      node.hidden = false;
      tellPhase(listed, words.texts);
    },
    remove(listed) {
      const row = rows.get(listed);
      if (row?.node.matches(':focus-within')) (neighbour(rows, listed) ?? { focus: focusNext }).focus();
      row?.node.remove();
      rows.delete(listed);
      node.hidden = rows.size === 0;
    },
    focus: (listed) => rows.get(listed)?.focusFirst(),
    restyle(texts, amounts) {
      words = { texts, amounts };
      node.ariaLabel = texts.files;
      node.hidden = rows.size === 0;
      for (const row of rows.values()) row.update(texts, amounts);
    },
  };
}

/** What is to be told of a change. What goes by itself is not: waiting, being sent, being nearly done. */
function toldState(
  listed: ListedFile,
  before: ShownPhase | undefined,
  texts: UploadTexts,
): string | undefined {
  const phase = shownPhase(listed.state);
  if (phase === before) return undefined;
  const hasRested = before === 'paused' || before === 'offline';
  if (hasRested && (phase === 'opening' || phase === 'sending')) return texts.phases.sending;
  return TOLD.has(phase) ? stateText(listed, texts) : undefined;
}

const TOLD: ReadonlySet<ShownPhase> = new Set(['paused', 'offline', 'completed', 'failed']);

/** The next row, or the one before where there is none. */
export function neighbour<Key, Of>(rows: ReadonlyMap<Key, Of>, key: Key): Of | undefined {
  const all = [...rows];
  const index = all.findIndex(([other]) => other === key);
  return (all[index + 1] ?? all[index - 1])?.[1];
}
