import type { Amounts } from './amounts.ts';
import { make, makeButton, setAttribute, setProgress, setText } from './dom.ts';
import { canTryAgain } from './failures.ts';
import type { UploadTexts } from './texts/texts.ts';
import { type FileState, type ListedFile, shownPhase } from './upload-list.ts';

/** The row of a file. It is made once and then only changed, so that the focus stays where it is. */
export interface Row {
  readonly node: HTMLLIElement;
  update(texts: UploadTexts, amounts: Amounts): void;
  /** Moves the focus to a button of the row: the last one, or the first. */
  focus(): void;
  focusFirst(): void;
}

export interface RowActions {
  retry(listed: ListedFile): void;
  remove(listed: ListedFile): void;
}

export function createRow(listed: ListedFile, actions: RowActions): Row {
  const { name: fileName } = listed.file;
  const name = make('span', 'name', [fileName]);
  const size = make('span', 'size');
  const progress = make('progress', 'progress');
  const status = make('span', 'status');
  const toggle = makeButton('toggle', () => press(listed, actions));
  const remove = makeButton('remove', () => actions.remove(listed));
  const node = make('li', 'row', [name, size, progress, status, make('span', 'actions', [toggle, remove])]);
  // A name may be written from right to left, whatever the page is.
  name.dir = 'auto';
  progress.ariaLabel = fileName;

  function updateToggle(texts: UploadTexts, { phase, error }: FileState): void {
    const action = toggleText(texts, phase);
    const isOver = phase === 'completed' || (error !== undefined && !canTryAgain(error.code));
    if (isOver && isFocused(toggle)) remove.focus();
    toggle.hidden = isOver;
    setAttribute(toggle, 'aria-disabled', String(phase === 'completing'));
    label(toggle, action, texts.button(action, fileName));
  }

  return {
    node,
    focus: () => remove.focus(),
    focusFirst: () => (toggle.hidden ? remove : toggle).focus(),
    update(texts, amounts) {
      const { state, file } = listed;
      const shown = shownPhase(state);
      setAttribute(node, 'part', `row row-${shown}`);
      setAttribute(status, 'part', `status status-${shown}`);
      setText(size, amounts.size(file.size));
      setProgress(progress, state.phase === 'completed' ? file.size || 1 : state.sentBytes, file.size);
      setText(status, statusText(listed, texts, amounts));
      updateToggle(texts, state);
      label(remove, texts.remove, texts.button(texts.remove, fileName));
    },
  };
}

/** What the state of a file is called, and why it failed. */
export function stateText({ state }: ListedFile, texts: UploadTexts): string {
  const { phase, error } = state;
  return phase === 'failed' && error !== undefined ? texts.failure(error) : texts.phases[shownPhase(state)];
}

function statusText(listed: ListedFile, texts: UploadTexts, amounts: Amounts): string {
  const { state, file } = listed;
  const { sentBytes, bytesPerSecond, remainingMs } = state;
  const phase = shownPhase(state);
  const isMoving = phase === 'sending' || phase === 'paused' || phase === 'offline';
  return [
    stateText(listed, texts),
    isMoving ? amounts.percent(file.size === 0 ? 0 : sentBytes / file.size) : '',
    phase === 'sending' && bytesPerSecond !== undefined ? amounts.speed(bytesPerSecond) : '',
    phase === 'sending' && remainingMs !== undefined ? texts.timeLeft(amounts.time(remainingMs)) : '',
  ]
    .filter((text) => text !== '')
    .join(' · ');
}

function toggleText(texts: UploadTexts, phase: FileState['phase']): string {
  if (phase === 'failed') return texts.retry;
  return phase === 'paused' ? texts.resume : texts.pause;
}

function press(listed: ListedFile, actions: RowActions): void {
  const { state, upload } = listed;
  if (state.phase === 'failed') actions.retry(listed);
  else if (state.phase === 'paused') upload?.resume();
  else upload?.pause();
}

/** `name` is what the button is called by those who do not see the row. */
export function label(button: HTMLButtonElement, text: string, name: string): void {
  setText(button, text);
  setAttribute(button, 'aria-label', name);
}

function isFocused(node: Element): boolean {
  const root = node.getRootNode();
  return root instanceof ShadowRoot && root.activeElement === node;
}
