import { createHttpControlPlane, type HttpControlPlaneOptions, type Upload } from '@partway/core';
import { onNextFrame } from '../next-frame.ts';
import { createUploader, type FileUploader } from '../uploader.ts';
import { readAttributes, WATCHED_ATTRIBUTES } from './attributes.ts';
import type { PartwayUploadEvents } from './events.ts';
import { createPanel, type Panel, type PanelSettings } from './panel.ts';
import { uploadStyles } from './styles.ts';
import { localeOf, type UploadTexts, wordsIn } from './texts.ts';
import { ENGLISH } from './texts-en.ts';
import { CHINESE } from './texts-zh.ts';
import { createUploadList, type ListedFile, type UploadList } from './upload-list.ts';

/**
 * Begins the upload of a file. `uploader` is the element's own, whose budget of requests all its files share:
 * uploads that are begun without it compete for the connections of the page. What it throws is shown as the
 * failure of the file.
 */
export type StartUpload = (file: File, uploader: FileUploader) => Upload;

/** A file of the element, and the latest try to upload it; `undefined` where none could be begun. */
export interface ListedUpload {
  readonly file: File;
  readonly upload: Upload | undefined;
}

/** A server has no elements; there the class can be loaded, and not be made. */
const PageElement: typeof HTMLElement = globalThis.HTMLElement ?? class {};

/**
 * `<partway-upload endpoint="/uploads" multiple accept max-files concurrency lang>`: files are picked or
 * dropped, uploaded, paused, tried again and removed. `endpoint` is where the coordinator's handler is
 * mounted, `/uploads` by default; `max-files` 1 to 1000, by default 100 with `multiple` and 1 without;
 * `concurrency` 1 to 256 requests in flight, by default as many as seem best. Taking the element out of the
 * page does not stop its uploads: see `clear`.
 */
export class PartwayUploadElement extends PageElement {
  static readonly observedAttributes: readonly string[] = WATCHED_ATTRIBUTES;

  #headers: HttpControlPlaneOptions['headers'];
  #start: StartUpload | undefined;
  #texts: Partial<UploadTexts> = {};
  #uploader: FileUploader | undefined;
  readonly #list: UploadList;
  readonly #panel: Panel;

  constructor() {
    super();
    this.#list = createUploadList({
      start: (file) => this.start(file, this.#sharedUploader()),
      changed: (listed) => this.#show(listed),
      completed: ({ file }, object) => this.#tell('partway-completed', { file, object }),
      failed: ({ file }, error) => this.#tell('partway-failed', { file, error }),
    });
    this.#panel = createPanel(this, this.#settings(), {
      add: (files) => {
        for (const file of files) this.#list.add(file);
      },
      retry: this.#list.retry,
      remove: (listed) => this.#remove(listed),
      tally: this.#list.tally,
    });
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [uploadStyles()];
    root.append(this.#panel.node);
    for (const name of ['headers', 'start', 'texts'] as const) this.#adopt(name);
  }

  connectedCallback(): void {
    this.#restyle();
  }

  attributeChangedCallback(name: string): void {
    if (name === 'concurrency') this.#setConcurrency();
    else this.#restyle();
  }

  /** Sent with every request to the coordinator: who is asking, for one. A function is asked each time. */
  get headers(): HttpControlPlaneOptions['headers'] {
    return this.#headers;
  }

  set headers(headers: HttpControlPlaneOptions['headers']) {
    this.#headers = headers;
  }

  /** How an upload is begun. Default: by `endpoint`, with the file's name as key, and its type. */
  get start(): StartUpload {
    return this.#start ?? ((file, uploader) => this.#startAtEndpoint(file, uploader));
  }

  set start(start: StartUpload | undefined) {
    this.#start = start;
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
    this.#panel.give({ files: [...files], hasFolder: false });
  }

  /** Empties the list. What is under way is aborted. */
  clear(): void {
    for (const listed of this.#list.files()) this.#remove(listed);
  }

  #startAtEndpoint(file: File, uploader: FileUploader): Upload {
    const headers = async (): Promise<Readonly<Record<string, string>>> =>
      (typeof this.#headers === 'function' ? await this.#headers() : this.#headers) ?? {};
    const controlPlane = createHttpControlPlane(readAttributes(this).endpoint, { headers });
    return uploader.uploadFile(file, { controlPlane, key: file.name, contentType: file.type || undefined });
  }

  #sharedUploader(): FileUploader {
    this.#uploader ??= createUploader({ concurrency: readAttributes(this).concurrency });
    return this.#uploader;
  }

  #setConcurrency(): void {
    const { concurrency } = readAttributes(this);
    if (concurrency !== 'auto') this.#uploader?.setConcurrency(concurrency);
  }

  #remove(listed: ListedFile): void {
    this.#list.remove(listed);
    this.#panel.remove(listed);
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
  #adopt<Name extends 'headers' | 'start' | 'texts'>(name: Name): void {
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

declare global {
  interface HTMLElementTagNameMap {
    'partway-upload': PartwayUploadElement;
  }
}
