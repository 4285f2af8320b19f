import { createAmountFormatter } from './amount-formatter.ts';
import { createAnnouncer } from './announcer.ts';
import { createPart, setText } from './dom.ts';
import {
  applyLimits,
  createDropZone,
  type FileLimits,
  type FileSelection,
  type SelectedFile,
} from './drop-zone.ts';
import type { UploadTotals } from './events.ts';
import { createFileRows, type FileRows } from './file-rows.ts';
import { createOverallProgress } from './overall-progress.ts';
import type { RowActions } from './row.ts';
import type { LocalizedTexts } from './texts/texts.ts';
import { createUnfinishedList, type UnfinishedActions } from './unfinished/unfinished-list.ts';
import type { UnfinishedEntry } from './unfinished/unfinished-uploads.ts';

/** The visible content of the element. It shows files and their states, and does not know about uploads. */
export interface Panel extends Pick<FileRows, 'show' | 'remove' | 'focus'> {
  readonly node: HTMLElement;
  /** Adds the files that the limits allow, and shows a notice about the others. */
  addFiles(selection: FileSelection): void;
  showTotals(totals: UploadTotals): void;
  showUnfinished(uploads: readonly UnfinishedEntry[]): void;
  /** Whether one more file can be added; shows a notice if not. */
  hasRoom(): boolean;
  applySettings(settings: PanelSettings): void;
}

export interface PanelActions extends RowActions, UnfinishedActions {
  add(files: readonly SelectedFile[]): void;
  totals(): UploadTotals;
}

/** The settings that the page or the user may change at any time. */
export interface PanelSettings {
  readonly localized: LocalizedTexts;
  readonly limits: FileLimits;
}

/** Files can be dropped anywhere on `target`. */
export function createPanel(target: HTMLElement, settings: PanelSettings, actions: PanelActions): Panel {
  let { localized, limits } = settings;
  let { texts } = localized;
  let format = createAmountFormatter(localized.locale);
  const dropZone = createDropZone(target, addFiles);
  const notice = createPart('p', 'notice');
  const overall = createOverallProgress();
  const announcer = createAnnouncer(() => texts.summary(actions.totals()));
  const context = { announce: announcer.announce, focusNext: dropZone.focus };
  const unfinished = createUnfinishedList({ ...actions, ...context });
  const rows = createFileRows({ actions, ...context });
  const children = [dropZone.node, notice, unfinished.node, rows.node, overall.node, announcer.node];
  const node = createPart('div', 'panel', children);
  node.role = 'group';

  function addFiles(selection: FileSelection): void {
    const { allowed, notice: text } = applyLimits(selection, limits, rows.count(), texts);
    actions.add(allowed);
    showNotice(text, allowed.length > 0 ? texts.filesAdded(allowed.length) : '');
  }

  /** Shows a notice about rejected files; announces `addedText` and the notice. */
  function showNotice(text: string, addedText: string): void {
    setText(notice, text);
    notice.hidden = text === '';
    const announced = [addedText, text].filter((part) => part !== '');
    if (announced.length > 0) announcer.announce(announced.join(' '));
  }

  function update(): void {
    node.lang = localized.locale;
    node.ariaLabel = texts.title;
    dropZone.update(texts, limits);
    rows.localize(texts, format);
    overall.update(actions.totals(), texts, format);
    unfinished.localize(texts, format);
  }

  notice.hidden = true;
  update();
  return {
    node,
    addFiles,
    ...{ show: rows.show, remove: rows.remove, focus: rows.focus },
    showTotals: (totals) => overall.update(totals, texts, format),
    showUnfinished: unfinished.show,
    hasRoom() {
      const isFull = rows.count() >= limits.filesMax;
      showNotice(isFull ? texts.tooManyFiles(limits.filesMax) : '', '');
      return !isFull;
    },
    applySettings(changed) {
      ({ localized, limits } = changed);
      ({ texts } = localized);
      format = createAmountFormatter(localized.locale);
      update();
    },
  };
}
