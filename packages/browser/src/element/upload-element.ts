import type { ControlPlane, HttpControlPlaneOptions, Upload } from '@partway/core';
import { onNextFrame } from '../next-frame.ts';
import type { PageCheckpoints } from '../resume/page-checkpoints.ts';
import type { FileUploader } from '../uploader.ts';
import { readAttributes, WATCHED_ATTRIBUTES } from './attributes.ts';
import { type GivenFile, withoutHandles } from './drop-zone.ts';
import type { PartwayUploadEvents } from './events.ts';
import { createPanel, type Panel, type PanelSettings } from './panel.ts';
import { uploadStyles } from './styles.ts';
import { ENGLISH } from './texts/en.ts';
import { localeOf, type UploadTexts, wordsIn } from './texts/texts.ts';
import { CHINESE } from './texts/zh.ts';
import { createUnfinishedUploads, type UnfinishedUploads } from './unfinished/unfinished-uploads.ts';
import { createUploadList, type ListedFile, type UploadList } from './upload-list.ts';
import { createUploadStarts, type StartUpload, type UploadStarts } from './upload-starts.ts';

/** A file of the element, and the latest try to upload it; `undefined` where none could be begun. */
export interface ListedUpload {
  readonly file: File;
  readonly upload: Upload | undefined;
}

/** A server has no elements; there the class can be loaded, and not be made. */
const PageElement: typeof HTMLElement = globalThis.HTMLElement ?? class {};

/**
 * `<partway-upload endpoint="/uploads" multiple accept max-files concurrency resumable lang>`: files are
 * picked or dropped, uploaded, paused, tried again and removed; what an earlier page left unfinished is
 * listed, and gone on with. `endpoint` is where the coordinator's handler is mounted, `/uploads` by default;
 * `max-files` 1 to 1000, by default 100 with `multiple` and 1 without; `concurrency` 1 to 256 requests in
 * flight, by default as many as seem best; `resumable="off"` remembers nothing. Taking the element out of the
 * page does not stop its uploads: see `clear`.
 */
export class PartwayUploadElement extends PageElement {
  static readonly observedAttributes: readonly string[] = WATCHED_ATTRIBUTES;

  readonly #starts: UploadStarts;
  #texts: Partial<UploadTexts> = {};
  #unfinished: UnfinishedUploads | undefined;
  readonly #list: UploadList;
  readonly #panel: Panel;

  constructor() {
    super();
    this.#starts = createUploadStarts(this);
    this.#list = createUploadList({
      started: ({ file }, upload) => this.#tell('partway-started', { file, upload }),
      changed: (listed) => this.#show(listed),
      completed: ({ file }, object) => this.#tell('partway-completed', { file, object }),
      failed: ({ file }, error) => this.#tell('partway-failed', { file, error }),
    });
    this.#panel = createPanel(this, this.#settings(), {
      add: (files) => this.#add(files),
      resume: ({ id }, file) => void this.#resume(id, file),
      forget: ({ id }) => void this.#unfinished?.remove(id),
      retry: this.#list.retry,
      remove: (listed) => this.#remove(listed),
      tally: this.#list.tally,
    });
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [uploadStyles()];
    root.append(this.#panel.node);
    this.#remember();
    for (const name of PROPERTIES) this.#adopt(name);
  }

  connectedCallback(): void {
    this.#restyle();
    this.#unfinished?.watch();
  }

  disconnectedCallback(): void {
    this.#unfinished?.leave();
  }

  attributeChangedCallback(name: string): void {
    if (name === 'concurrency') this.#starts.setConcurrency();
    else if (name === 'endpoint' || name === 'resumable') this.#remember();
    else this.#restyle();
  }

  /** Sent with every request to the coordinator: who is asking, for one. A function is asked each time. */
  get headers(): HttpControlPlaneOptions['headers'] {
    return this.#starts.own.headers;
  }

  set headers(headers: HttpControlPlaneOptions['headers']) {
    this.#starts.own.headers = headers;
  }

  /** The way to the coordinator. Default: by `endpoint`, with `headers`. */
  get controlPlane(): ControlPlane {
    return this.#starts.controlPlane();
  }

  set controlPlane(controlPlane: ControlPlane | undefined) {
    this.#starts.own.controlPlane = controlPlane;
  }

  /**
   * Where unfinished uploads are remembered; `undefined` with `resumable="off"`. Default: in IndexedDB, those
   * of each `endpoint` apart.
   */
  get checkpoints(): PageCheckpoints | undefined {
    return this.#starts.checkpoints();
  }

  set checkpoints(checkpoints: PageCheckpoints | undefined) {
    this.#starts.own.checkpoints = checkpoints;
    this.#remember();
  }

  /** How an upload is begun. Default: by `controlPlane`, with the file's name as key, and its type. */
  get start(): StartUpload {
    return this.#starts.start();
  }

  set start(start: StartUpload | undefined) {
    this.#starts.own.start = start;
  }

  /** Texts in the place of those of the element; what is not given stays as it is. */
  get texts(): Partial<UploadTexts> {
    return this.#texts;
  }

  set texts(texts: Partial<UploadTexts>) {
    this.#texts = { ...texts };
    this.#restyle();
  }

  /** What is in the list, in the order in which it was added. */
  get uploads(): readonly ListedUpload[] {
    return this.#list.files().map(({ file, upload }) => ({ file, upload }));
  }

  /** Adds files as if they were dropped: within `accept` and `max-files`. */
  add(files: Iterable<File>): void {
    this.#panel.give({ files: withoutHandles(files), hasFolder: false });
  }

  /** Empties the list. What is under way is aborted. */
  clear(): void {
    for (const listed of this.#list.files()) this.#remove(listed);
  }

  #add(files: readonly GivenFile[]): void {
    for (const { file, handle } of files)
      this.#list.add(file, (isAnew) => this.start(file, this.#uploaderOf(handle, isAnew)));
  }

  async #resume(id: string, chosen: File | undefined): Promise<void> {
    const unfinished = this.#unfinished;
    if (!this.#panel.hasRoom()) return;
    const opened = await unfinished?.open(id, chosen);
    if (opened === undefined) return;
    const { file, handle, options } = opened;
    const listed = this.#list.add(file, (isAnew) => {
      const uploader = this.#uploaderOf(handle, isAnew);
      const upload = uploader.uploadFile(file, { controlPlane: this.controlPlane, ...options });
      unfinished?.adopt(upload, id);
      return upload;
    });
    this.#panel.focus(listed);
  }

  #uploaderOf(handle: FileSystemFileHandle | undefined, isAnew: boolean): FileUploader {
    const checkpoints = this.#unfinished?.checkpoints;
    return this.#starts.uploaderWith({ checkpoints, handle, resume: !isAnew });
  }

  /** Looks where unfinished uploads are remembered now. */
  #remember(): void {
    const { checkpoints } = this;
    this.#unfinished?.leave();
    this.#unfinished =
      checkpoints &&
      createUnfinishedUploads(checkpoints, {
        controlPlane: () => this.controlPlane,
        isListed: (upload) => this.#list.files().some((listed) => listed.upload === upload),
        changed: () => onNextFrame(this.#showUnfinished),
      });
    if (this.isConnected) this.#unfinished?.watch();
    onNextFrame(this.#showUnfinished);
  }

  readonly #showUnfinished = (): void => {
    this.#panel.showUnfinished(this.#unfinished?.list() ?? []);
  };

  #remove(listed: ListedFile): void {
    this.#list.remove(listed);
    this.#panel.remove(listed);
    if (listed.upload !== undefined) void this.#unfinished?.removeUpload(listed.upload);
    onNextFrame(this.#showTally);
  }

  #show(listed: ListedFile): void {
    this.#panel.show(listed);
    onNextFrame(this.#showTally);
  }

  readonly #showTally = (): void => {
    const tally = this.#list.tally();
    this.#panel.showTally(tally);
    this.#tell('partway-changed', tally);
  };

  #tell<Name extends keyof PartwayUploadEvents>(
    name: Name,
    detail: PartwayUploadEvents[Name]['detail'],
  ): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  #settings(): PanelSettings {
    const words = wordsIn(localeOf(this), CHINESE, ENGLISH, this.#texts);
    return { words, limits: readAttributes(this).limits };
  }

  #restyle(): void {
    this.#panel.restyle(this.#settings());
  }

  /** A property that was set before the element was defined would hide the one of the class. */
  #adopt<Name extends (typeof PROPERTIES)[number]>(name: Name): void {
    if (!Object.hasOwn(this, name)) return;
    const value = this[name];
    delete (this as Partial<Record<Name, unknown>>)[name];
    (this as Record<Name, unknown>)[name] = value;
  }
}

/** Defines `<partway-upload>` in this page. Called again, or on a server, it does nothing. */
export function defineUploadElement(): void {
  if (!('customElements' in globalThis) || customElements.get(TAG) !== undefined) return;
  customElements.define(TAG, PartwayUploadElement);
}

const TAG = 'partway-upload';

const PROPERTIES = ['headers', 'controlPlane', 'checkpoints', 'start', 'texts'] as const;

declare global {
  interface HTMLElementTagNameMap {
    'partway-upload': PartwayUploadElement;
  }
}
