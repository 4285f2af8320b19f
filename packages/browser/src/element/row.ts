import type { AmountFormatter } from './amount-formatter.ts';
import { createButton, createPart, setAttribute, setProgress, setText } from './dom.ts';
import { canRetry } from './failures.ts';
import type { UploadTexts } from './texts/texts.ts';
import { type FileState, type ListedFile, shownPhase } from './upload-list.ts';

/** The row of a file. It is created once and then updated, so that it keeps the focus. */
export interface Row {
  readonly node: HTMLLIElement;
  update(texts: UploadTexts, format: AmountFormatter): void;
  /** Moves the focus to the last button of the row. */
  focus(): void;
  /** Moves the focus to the first visible button of the row. */
  focusFirst(): void;
}

export interface RowActions {
  retry(listed: ListedFile): void;
  remove(listed: ListedFile): void;
}

export function createRow(listed: ListedFile, actions: RowActions): Row {
  const { name: fileName } = listed.file;
  const name = createPart('span', 'name', [fileName]);
  const size = createPart('span', 'size');
  const progress = createPart('progress', 'progress');
  const status = createPart('span', 'status');
  const toggle = createButton('toggle', () => pressToggle(listed, actions));
  const remove = createButton('remove', () => actions.remove(listed));
  const node = createPart('li', 'row', [
    name,
    size,
    progress,
    status,
    createPart('span', 'actions', [toggle, remove]),
  ]);
  // A name may be written from right to left in any page.
  name.dir = 'auto';
  progress.ariaLabel = fileName;

  function updateToggle(texts: UploadTexts, { phase, error }: FileState): void {
    const action = toggleText(texts, phase);
    const isToggleHidden = phase === 'completed' || (error !== undefined && !canRetry(error.code));
    if (isToggleHidden && isFocused(toggle)) remove.focus();
    toggle.hidden = isToggleHidden;
    setAttribute(toggle, 'aria-disabled', String(phase === 'completing'));
    setLabel(toggle, action, texts.buttonLabel(action, fileName));
  }

  return {
    node,
    focus: () => remove.focus(),
    focusFirst: () => (toggle.hidden ? remove : toggle).focus(),
    update(texts, format) {
      const { state, file } = listed;
      const shown = shownPhase(state);
      setAttribute(node, 'part', `row row-${shown}`);
      setAttribute(status, 'part', `status status-${shown}`);
      setText(size, format.size(file.size));
      setProgress(progress, state.phase === 'completed' ? file.size || 1 : state.sentBytes, file.size);
      setText(status, statusText(listed, texts, format));
      updateToggle(texts, state);
      setLabel(remove, texts.remove, texts.buttonLabel(texts.remove, fileName));
    },
  };
}

/** The text for the state of a file, or for its error. */
export function stateText({ state }: ListedFile, texts: UploadTexts): string {
  const { phase, error } = state;
  return phase === 'failed' && error !== undefined ? texts.failure(error) : texts.phases[shownPhase(state)];
}

function statusText(listed: ListedFile, texts: UploadTexts, format: AmountFormatter): string {
  const { state, file } = listed;
  const { sentBytes, bytesPerSecond, remainingMs } = state;
  const phase = shownPhase(state);
  const hasProgress = phase === 'sending' || phase === 'paused' || phase === 'offline';
  return [
    stateText(listed, texts),
    hasProgress ? format.percent(file.size === 0 ? 0 : sentBytes / file.size) : '',
    phase === 'sending' && bytesPerSecond !== undefined ? format.speed(bytesPerSecond) : '',
    phase === 'sending' && remainingMs !== undefined ? texts.timeLeft(format.time(remainingMs)) : '',
  ]
    .filter((text) => text !== '')
    .join(' · ');
}

function toggleText(texts: UploadTexts, phase: FileState['phase']): string {
  if (phase === 'failed') return texts.retry;
  return phase === 'paused' ? texts.resume : texts.pause;
}

function pressToggle(listed: ListedFile, actions: RowActions): void {
  const { state, upload } = listed;
  if (state.phase === 'failed') actions.retry(listed);
  else if (state.phase === 'paused') upload?.resume();
  else upload?.pause();
}

/** Sets the visible text of a button, and its accessible name. */
export function setLabel(button: HTMLButtonElement, text: string, name: string): void {
  setText(button, text);
  setAttribute(button, 'aria-label', name);
}

function isFocused(node: Element): boolean {
  const root = node.getRootNode();
  return root instanceof ShadowRoot && root.activeElement === node;
}
