import { createButton, createPart, setText } from './dom.ts';
import type { UploadTexts } from './texts/texts.ts';

/** The area where the user chooses files or drops them. */
export interface DropZone {
  readonly node: HTMLElement;
  update(texts: UploadTexts, limits: FileLimits): void;
  focus(): void;
}

export interface FileLimits {
  readonly isMultiple: boolean;
  /** As in `<input type="file" accept>`. */
  readonly accept: string;
  /** The maximum number of files in the list. */
  readonly filesMax: number;
}

/** A file and, if the browser provides it, its handle. */
export interface SelectedFile {
  readonly file: File;
  readonly handle: FileSystemFileHandle | undefined;
}

/** Files that were chosen or dropped together, before any limit. */
export interface FileSelection {
  readonly files: readonly SelectedFile[];
  readonly hasFolder: boolean;
}

/** Files can be dropped on `target`. */
export function createDropZone(target: HTMLElement, onFiles: (selection: FileSelection) => void): DropZone {
  const input = document.createElement('input');
  const choose = createButton('choose', () => input.click());
  const hint = createPart('span', 'hint');
  const node = createPart('div', 'dropzone', [choose, hint, input]);
  input.type = 'file';
  input.hidden = true;
  input.addEventListener('change', () => {
    onFiles({ files: toSelectedFiles(input.files ?? []), hasFolder: false });
    // Allows the user to choose the same file again after removing it.
    input.value = '';
  });
  acceptDrops(target, node, onFiles);
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

/** Listens to drags over `target`, and shows them by the part name of `zone`. */
function acceptDrops(target: HTMLElement, zone: Element, onFiles: (selection: FileSelection) => void): void {
  // The browser emits `dragenter` of a child before `dragleave` of its parent.
  let depth = 0;
  const onDrag = (change: number) => (event: DragEvent) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = Math.max(0, depth + change);
    zone.setAttribute('part', depth > 0 ? 'dropzone dropzone-over' : 'dropzone');
  };
  target.addEventListener('dragenter', onDrag(1));
  target.addEventListener('dragover', onDrag(0));
  target.addEventListener('dragleave', onDrag(-1));
  target.addEventListener('drop', (event) => {
    onDrag(-depth)(event);
    if (hasFiles(event)) void readDrop(event.dataTransfer).then(onFiles);
  });
}

interface FileDrag extends DragEvent {
  readonly dataTransfer: DataTransfer;
}

/** False for a dragged text or link. */
function hasFiles(event: DragEvent): event is FileDrag {
  return event.dataTransfer?.types.includes('Files') === true;
}

export function toSelectedFiles(files: Iterable<File>): readonly SelectedFile[] {
  return [...files].map((file) => ({ file, handle: undefined }));
}

/** Reads all items at once: they are empty after the event. A folder is an unreadable file. */
async function readDrop({ items }: DataTransfer): Promise<FileSelection> {
  const fileItems = [...items].filter(({ kind }) => kind === 'file');
  const isFolder = (item: DataTransferItem): boolean => item.webkitGetAsEntry()?.isDirectory === true;
  const hasFolder = fileItems.some(isFolder);
  const files = fileItems.filter((item) => !isFolder(item)).map(readItem);
  return { files: (await Promise.all(files)).flat(), hasFolder };
}

interface ItemWithHandle extends DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

async function readItem(item: ItemWithHandle): Promise<SelectedFile[]> {
  const file = item.getAsFile();
  const opening = item.getAsFileSystemHandle?.();
  // Without a handle the upload works; after a reload the user has to choose the file again.
  const handle = await opening?.catch(() => null);
  return file === null ? [] : [{ file, handle: isFileHandle(handle) ? handle : undefined }];
}

function isFileHandle(handle: FileSystemHandle | null | undefined): handle is FileSystemFileHandle {
  return handle?.kind === 'file';
}

/** Returns the selected files that the limits allow, and a notice about the others. */
export function applyLimits(
  { files, hasFolder }: FileSelection,
  { accept, filesMax }: FileLimits,
  listedCount: number,
  texts: UploadTexts,
): { readonly allowed: readonly SelectedFile[]; readonly notice: string } {
  const accepted = files.filter(({ file }) => matchesAccept(accept, file));
  const rejected = files.filter((file) => !accepted.includes(file));
  const allowed = accepted.slice(0, Math.max(0, filesMax - listedCount));
  const notices = [
    hasFolder ? texts.foldersNotAccepted : '',
    rejected.length > 0 ? texts.typeNotAccepted(firstNames(rejected)) : '',
    allowed.length < accepted.length ? texts.tooManyFiles(filesMax) : '',
  ];
  return { allowed, notice: notices.filter((notice) => notice !== '').join(' ') };
}

function firstNames(files: readonly SelectedFile[]): readonly string[] {
  const names = files.slice(0, NAMES_MAX).map(({ file }) => file.name);
  return files.length > NAMES_MAX ? [...names, '…'] : names;
}

const NAMES_MAX = 5;

/**
 * Whether a file matches the `accept` of a file input: a list of extensions (`.mp4`), types (`image/png`) and
 * type wildcards (`video/*`). Browsers apply it to chosen files, but not to dropped ones.
 */
export function matchesAccept(accept: string, { name, type }: Pick<File, 'name' | 'type'>): boolean {
  const entries = accept
    .toLowerCase()
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const [fileName, fileType] = [name.toLowerCase(), type.toLowerCase().split(';')[0] ?? ''];
  return entries.length === 0 || entries.some((entry) => matchesEntry(entry, fileName, fileType));
}

function matchesEntry(entry: string, fileName: string, fileType: string): boolean {
  if (entry.startsWith('.')) return fileName.endsWith(entry);
  if (entry === '*/*') return true;
  if (entry.endsWith('/*')) return fileType.startsWith(entry.slice(0, -1));
  return fileType === entry;
}
