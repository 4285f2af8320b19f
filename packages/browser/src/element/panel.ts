import { type Amounts, amountsIn } from './amounts.ts';
import { createAnnouncer } from './announcer.ts';
import { make, setText } from './dom.ts';
import {
  chooseFiles,
  createDropZone,
  type FileLimits,
  type GivenFile,
  type GivenFiles,
} from './drop-zone.ts';
import type { UploadTally } from './events.ts';
import { createFileRows, type FileRows } from './file-rows.ts';
import { createOverall } from './overall.ts';
import type { RowActions } from './row.ts';
import type { Words } from './texts/texts.ts';
import { createUnfinishedList, type UnfinishedActions } from './unfinished/unfinished-list.ts';
import type { UnfinishedEntry } from './unfinished/unfinished-uploads.ts';

/** Everything that is seen. It knows of files and their states, and nothing of uploads. */
export interface Panel extends Pick<FileRows, 'show' | 'remove' | 'focus'> {
  readonly node: HTMLElement;
  /** Takes what of it is allowed, and says what is not. */
  give(given: GivenFiles): void;
  showTally(tally: UploadTally): void;
  showUnfinished(uploads: readonly UnfinishedEntry[]): void;
  /** Whether the list takes one more file; says so where it does not. */
  hasRoom(): boolean;
  /** Everything in other words, or within other limits. */
  restyle(settings: PanelSettings): void;
}

export interface PanelActions extends RowActions, UnfinishedActions {
  add(files: readonly GivenFile[]): void;
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
  const dropZone = createDropZone(target, give);
  const notice = make('p', 'notice');
  const overall = createOverall();
  const announcer = createAnnouncer(() => texts.summary(actions.tally()));
  const around = { tell: announcer.tell, focusNext: dropZone.focus };
  const unfinished = createUnfinishedList({ ...actions, ...around });
  const rows = createFileRows({ actions, ...around });
  const node = make('div', 'panel', [dropZone.node, notice, unfinished.node, rows.node, overall.node]);
  node.append(announcer.node);
  node.role = 'group';

  function give(given: GivenFiles): void {
    const { taken, notice: said } = chooseFiles(given, limits, rows.count(), texts);
    actions.add(taken);
    say(said, taken.length > 0 ? texts.added(taken.length) : '');
  }

  /** Shows what is to be said of files that were not taken, and tells it after something else. */
  function say(said: string, toldBefore: string): void {
    setText(notice, said);
    notice.hidden = said === '';
    const told = [toldBefore, said].filter((text) => text !== '');
    if (told.length > 0) announcer.tell(told.join(' '));
  }

  function restyle(): void {
    node.lang = words.locale;
    node.ariaLabel = texts.title;
    dropZone.update(texts, limits);
    rows.restyle(texts, amounts);
    overall.update(actions.tally(), texts, amounts);
    unfinished.restyle(texts, amounts);
  }

  notice.hidden = true;
  restyle();
  return {
    node,
    give,
    ...{ show: rows.show, remove: rows.remove, focus: rows.focus },
    showTally: (tally) => overall.update(tally, texts, amounts),
    showUnfinished: unfinished.show,
    hasRoom() {
      const isFull = rows.count() >= limits.filesMax;
      say(isFull ? texts.refusedCount(limits.filesMax) : '', '');
      return !isFull;
    },
    restyle(changed) {
      ({ words, limits } = changed);
      ({ texts } = words);
      amounts = amountsIn(words.locale);
      restyle();
    },
  };
}
