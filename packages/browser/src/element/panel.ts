import { type Amounts, amountsIn } from './amounts.ts';
import { createAnnouncer } from './announcer.ts';
import { make, setText } from './dom.ts';
import { chooseFiles, createDropZone, type FileLimits, type GivenFiles } from './drop-zone.ts';
import type { UploadTally } from './events.ts';
import { createOverall } from './overall.ts';
import { createRow, type Row, type RowActions, stateText } from './row.ts';
import type { UploadTexts, Words } from './texts.ts';
import type { FileState, ListedFile } from './upload-list.ts';

/** Everything that is seen. It knows of files and their states, and nothing of uploads. */
export interface Panel {
  readonly node: HTMLElement;
  /** Takes what of it is allowed, and says what is not. */
  give(given: GivenFiles): void;
  /** Shows a file in its place, for the first time or again. */
  show(listed: ListedFile): void;
  remove(listed: ListedFile): void;
  showTally(tally: UploadTally): void;
  /** Everything in other words, or within other limits. */
  restyle(settings: PanelSettings): void;
}

export interface PanelActions extends RowActions {
  add(files: readonly File[]): void;
  tally(): UploadTally;
}

/** What a page, or its user, may change at any time. */
export interface PanelSettings {
  readonly words: Words;
  readonly limits: FileLimits;
}

/** Files can be dropped anywhere on `target`. */
export function createPanel(target: HTMLElement, settings: PanelSettings, actions: PanelActions): Panel {
  let { words, limits } = settings;
  let { texts } = words;
  let amounts: Amounts = amountsIn(words.locale);
  const rows = new Map<ListedFile, Row>();
  const phases = new WeakMap<ListedFile, FileState['phase']>();
  const dropZone = createDropZone(target, give);
  const notice = make('p', 'notice');
  const list = make('ul', 'list');
  const overall = createOverall();
  const announcer = createAnnouncer(() => texts.summary(actions.tally()));
  const node = make('div', 'panel', [dropZone.node, notice, list, overall.node, announcer.node]);
  // Safari reads a list without bullets as none.
  list.role = 'list';
  node.role = 'group';

  function give(given: GivenFiles): void {
    const { taken, notice: said } = chooseFiles(given, limits, rows.size, texts);
    actions.add(taken);
    setText(notice, said);
    notice.hidden = said === '';
    const told = [taken.length > 0 ? texts.added(taken.length) : '', said].filter((text) => text !== '');
    if (told.length > 0) announcer.tell(told.join(' '));
  }

  function tellPhase(listed: ListedFile): void {
    const told = toldState(listed, phases.get(listed), texts);
    phases.set(listed, listed.state.phase);
    if (told !== undefined) announcer.tell(texts.told(listed.file.name, told));
  }

  function restyle(): void {
    node.lang = words.locale;
    node.ariaLabel = texts.title;
    list.ariaLabel = texts.files;
    list.hidden = rows.size === 0;
    dropZone.update(texts, limits);
    for (const row of rows.values()) row.update(texts, amounts);
    overall.update(actions.tally(), texts, amounts);
  }

  notice.hidden = true;
  restyle();
  return {
    node,
    give,
    show(listed) {
      const row = rows.get(listed) ?? createRow(listed, actions);
      rows.set(listed, row);
      row.update(texts, amounts);
      if (row.node.parentNode === null) list.append(row.node);
      list.hidden = false;
      tellPhase(listed);
    },
    remove(listed) {
      const row = rows.get(listed);
      if (row?.node.matches(':focus-within')) (neighbour(rows, listed) ?? dropZone).focus();
      row?.node.remove();
      rows.delete(listed);
      list.hidden = rows.size === 0;
    },
    showTally: (tally) => overall.update(tally, texts, amounts),
    restyle(changed) {
      ({ words, limits } = changed);
      ({ texts } = words);
      amounts = amountsIn(words.locale);
      restyle();
    },
  };
}

/** What is to be told of a change. What goes by itself is not: waiting, being sent, being nearly done. */
function toldState(
  listed: ListedFile,
  before: FileState['phase'] | undefined,
  texts: UploadTexts,
): string | undefined {
  const { phase } = listed.state;
  if (phase === before) return undefined;
  if (before === 'paused' && (phase === 'opening' || phase === 'sending')) return texts.phases.sending;
  return phase === 'paused' || phase === 'completed' || phase === 'failed'
    ? stateText(listed, texts)
    : undefined;
}

/** The next row, or the one before where there is none. */
function neighbour(rows: ReadonlyMap<ListedFile, Row>, listed: ListedFile): Row | undefined {
  const all = [...rows];
  const index = all.findIndex(([other]) => other === listed);
  return (all[index + 1] ?? all[index - 1])?.[1];
}
