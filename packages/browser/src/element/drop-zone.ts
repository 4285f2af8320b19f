import { accepts } from './accepts.ts';
import { make, makeButton, setText } from './dom.ts';
import type { UploadTexts } from './texts.ts';

/** Where files are picked, or dropped. */
export interface DropZone {
  readonly node: HTMLElement;
  update(texts: UploadTexts, limits: FileLimits): void;
  focus(): void;
}

export interface FileLimits {
  readonly isMultiple: boolean;
  /** As of a file input. */
  readonly accept: string;
  /** Files in the list. */
  readonly filesMax: number;
}

/** Files as they were given, before any limit, and whether there were folders among them. */
export interface GivenFiles {
  readonly files: readonly File[];
  readonly hasFolder: boolean;
}

/** `target` is what files can be dropped on. */
export function createDropZone(target: HTMLElement, onFiles: (given: GivenFiles) => void): DropZone {
  const input = document.createElement('input');
  const choose = makeButton('choose', () => input.click());
  const hint = make('span', 'hint');
  const node = make('div', 'dropzone', [choose, hint, input]);
  input.type = 'file';
  input.hidden = true;
  input.addEventListener('change', () => {
    onFiles({ files: [...(input.files ?? [])], hasFolder: false });
    // So that the same file can be chosen again after it was removed.
    input.value = '';
  });
  takeDrops(target, node, onFiles);
  return {
    node,
    focus: () => choose.focus(),
    update(texts, { isMultiple, accept }) {
      input.multiple = isMultiple;
      input.accept = accept;
      setText(choose, texts.choose(isMultiple));
      setText(hint, texts.drop(isMultiple));
    },
  };
}

function takeDrops(target: HTMLElement, marked: Element, onFiles: (given: GivenFiles) => void): void {
  // Entering a child comes before leaving its parent.
  let depth = 0;
  const mark = (): void => {
    marked.setAttribute('part', depth > 0 ? 'dropzone dropzone-over' : 'dropzone');
  };
  const onDrag = (change: number) => (event: DragEvent) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = Math.max(0, depth + change);
    mark();
  };
  target.addEventListener('dragenter', onDrag(1));
  target.addEventListener('dragover', onDrag(0));
  target.addEventListener('dragleave', onDrag(-1));
  target.addEventListener('drop', (event) => {
    onDrag(-depth)(event);
    if (hasFiles(event)) onFiles(filesIn(event.dataTransfer));
  });
}

interface FileDrag extends DragEvent {
  readonly dataTransfer: DataTransfer;
}

/** Texts and links are dragged too. */
function hasFiles(event: DragEvent): event is FileDrag {
  return event.dataTransfer?.types.includes('Files') === true;
}

/** A folder comes as a file that cannot be read. */
function filesIn({ items }: DataTransfer): GivenFiles {
  const given = [...items].filter(({ kind }) => kind === 'file');
  const isFolder = (item: DataTransferItem): boolean => item.webkitGetAsEntry()?.isDirectory === true;
  return {
    files: given.filter((item) => !isFolder(item)).flatMap((item) => item.getAsFile() ?? []),
    hasFolder: given.some(isFolder),
  };
}

/** Which of the files given are taken, and what is to be said of the others. */
export function chooseFiles(
  { files, hasFolder }: GivenFiles,
  { accept, filesMax }: FileLimits,
  listedCount: number,
  texts: UploadTexts,
): { readonly taken: readonly File[]; readonly notice: string } {
  const accepted = files.filter((file) => accepts(accept, file));
  const refused = files.filter((file) => !accepted.includes(file));
  const taken = accepted.slice(0, Math.max(0, filesMax - listedCount));
  const notices = [
    hasFolder ? texts.refusedFolder : '',
    refused.length > 0 ? texts.refusedKind(someNames(refused)) : '',
    taken.length < accepted.length ? texts.refusedCount(filesMax) : '',
  ];
  return { taken, notice: notices.filter((notice) => notice !== '').join(' ') };
}

function someNames(files: readonly File[]): readonly string[] {
  const names = files.slice(0, NAMES_MAX).map(({ name }) => name);
  return files.length > NAMES_MAX ? [...names, '…'] : names;
}

/** Nobody reads, or listens to, the names of a thousand files. */
const NAMES_MAX = 5;
