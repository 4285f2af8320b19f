import type { AmountFormatter } from './amount-formatter.ts';
import type { Announcer } from './announcer.ts';
import { createPart } from './dom.ts';
import { createRow, type Row, type RowActions, stateText } from './row.ts';
import type { UploadTexts } from './texts/texts.ts';
import { type ListedFile, type ShownPhase, shownPhase } from './upload-list.ts';

/** The list of files, one row for each. */
export interface FileRows {
  readonly node: HTMLUListElement;
  count(): number;
  /** Adds or updates the row of a file. */
  show(listed: ListedFile): void;
  /** Removes the row. If it has the focus, the focus moves to a row next to it. */
  remove(listed: ListedFile): void;
  focus(listed: ListedFile): void;
  localize(texts: UploadTexts, format: AmountFormatter): void;
}

/** The actions of the panel that contains the rows. */
export interface FileRowsOptions extends Pick<Announcer, 'announce'> {
  readonly actions: RowActions;
  /** Called when the last row is removed and has the focus. */
  focusNext(): void;
}

export function createFileRows({ actions, announce, focusNext }: FileRowsOptions): FileRows {
  const rows = new Map<ListedFile, Row>();
  const phases = new WeakMap<ListedFile, ShownPhase>();
  const node = createPart('ul', 'list');
  let locale: { readonly texts: UploadTexts; readonly format: AmountFormatter } | undefined;
  // Without this role Safari does not expose a list without bullets as a list.
  node.role = 'list';

  function announcePhase(listed: ListedFile, texts: UploadTexts): void {
    const state = announcedState(listed, phases.get(listed), texts);
    phases.set(listed, shownPhase(listed.state));
    if (state !== undefined) announce(texts.announcement(listed.file.name, state));
  }

  return {
    node,
    count: () => rows.size,
    show(listed) {
      if (locale === undefined) return;
      const row = rows.get(listed) ?? createRow(listed, actions);
      rows.set(listed, row);
      row.update(locale.texts, locale.format);
      if (row.node.parentNode === null) node.append(row.node);
      node.hidden = false;
      announcePhase(listed, locale.texts);
    },
    remove(listed) {
      const row = rows.get(listed);
      if (row?.node.matches(':focus-within')) (findNeighbour(rows, listed) ?? { focus: focusNext }).focus();
      row?.node.remove();
      rows.delete(listed);
      node.hidden = rows.size === 0;
    },
    focus: (listed) => rows.get(listed)?.focusFirst(),
    localize(texts, format) {
      locale = { texts, format };
      node.ariaLabel = texts.files;
      node.hidden = rows.size === 0;
      for (const row of rows.values()) row.update(texts, format);
    },
  };
}

/** The state to announce after a change; `undefined` for a usual one: waiting, sending, completing. */
function announcedState(
  listed: ListedFile,
  previous: ShownPhase | undefined,
  texts: UploadTexts,
): string | undefined {
  const phase = shownPhase(listed.state);
  if (phase === previous) return undefined;
  const wasStopped = previous === 'paused' || previous === 'offline';
  if (wasStopped && (phase === 'opening' || phase === 'sending')) return texts.phases.sending;
  return ANNOUNCED_PHASES.has(phase) ? stateText(listed, texts) : undefined;
}

const ANNOUNCED_PHASES: ReadonlySet<ShownPhase> = new Set(['paused', 'offline', 'completed', 'failed']);

/** The row after `key`, or the one before it if it is the last. */
export function findNeighbour<Key, Value>(rows: ReadonlyMap<Key, Value>, key: Key): Value | undefined {
  const all = [...rows];
  const index = all.findIndex(([other]) => other === key);
  return (all[index + 1] ?? all[index - 1])?.[1];
}
