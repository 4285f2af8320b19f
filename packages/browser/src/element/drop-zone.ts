import { accepts } from './accepts.ts';
import { make, makeButton, setText } from './dom.ts';
import type { UploadTexts } from './texts/texts.ts';

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

/** A file, and where it lies, if the browser tells. */
export interface GivenFile {
  readonly file: File;
  readonly handle: FileSystemFileHandle | undefined;
}

/** Files as they were given, before any limit, and whether there were folders among them. */
export interface GivenFiles {
  readonly files: readonly GivenFile[];
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
    onFiles({ files: withoutHandles(input.files ?? []), hasFolder: false });
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
    if (hasFiles(event)) void filesIn(event.dataTransfer).then(onFiles);
  });
}

interface FileDrag extends DragEvent {
  readonly dataTransfer: DataTransfer;
}

/** Texts and links are dragged too. */
function hasFiles(event: DragEvent): event is FileDrag {
  return event.dataTransfer?.types.includes('Files') === true;
}

export function withoutHandles(files: Iterable<File>): readonly GivenFile[] {
  return [...files].map((file) => ({ file, handle: undefined }));
}

/** A folder comes as a file that cannot be read. All items are asked at once: later they are empty. */
async function filesIn({ items }: DataTransfer): Promise<GivenFiles> {
  const given = [...items].filter(({ kind }) => kind === 'file');
  const isFolder = (item: DataTransferItem): boolean => item.webkitGetAsEntry()?.isDirectory === true;
  const hasFolder = given.some(isFolder);
  const files = given.filter((item) => !isFolder(item)).map(fileIn);
  return { files: (await Promise.all(files)).flat(), hasFolder };
}

interface HandedItem extends DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

async function fileIn(item: HandedItem): Promise<GivenFile[]> {
  const file = item.getAsFile();
  const asked = item.getAsFileSystemHandle?.();
  // Without a handle the file has to be chosen again after a reload, and that is all.
  const handle = await asked?.catch(() => null);
  const isOfFile = (found: FileSystemHandle | null | undefined): found is FileSystemFileHandle =>
    found?.kind === 'file';
  return file === null ? [] : [{ file, handle: isOfFile(handle) ? handle : undefined }];
}

/** Which of the files given are taken, and what is to be said of the others. */
export function chooseFiles(
  { files, hasFolder }: GivenFiles,
  { accept, filesMax }: FileLimits,
  listedCount: number,
  texts: UploadTexts,
): { readonly taken: readonly GivenFile[]; readonly notice: string } {
  const accepted = files.filter(({ file }) => accepts(accept, file));
  const refused = files.filter((file) => !accepted.includes(file));
  const taken = accepted.slice(0, Math.max(0, filesMax - listedCount));
  const notices = [
    hasFolder ? texts.refusedFolder : '',
    refused.length > 0 ? texts.refusedKind(someNames(refused)) : '',
    taken.length < accepted.length ? texts.refusedCount(filesMax) : '',
  ];
  return { taken, notice: notices.filter((notice) => notice !== '').join(' ') };
}

function someNames(files: readonly GivenFile[]): readonly string[] {
  const names = files.slice(0, NAMES_MAX).map(({ file }) => file.name);
  return files.length > NAMES_MAX ? [...names, '…'] : names;
}

/** Nobody reads, or listens to, the names of a thousand files. */
const NAMES_MAX = 5;
