import type { ControlPlane, HttpControlPlaneOptions } from '@partway/core';
import { runOnNextFrame } from '../next-frame.ts';
import type { PageCheckpoints } from '../resume/page-checkpoints.ts';
import type { FileUploader } from '../uploader.ts';
import { OBSERVED_ATTRIBUTES, readAttributes } from './attributes.ts';
import { type SelectedFile, toSelectedFiles } from './drop-zone.ts';
import type { PartwayUploadEvents } from './events.ts';
import { createPanel, type Panel, type PanelSettings } from './panel.ts';
import { getUploadStyles } from './styles.ts';
import { ENGLISH } from './texts/en.ts';
import { findLocale, resolveTexts, type UploadTexts } from './texts/texts.ts';
import { CHINESE } from './texts/zh.ts';
import { createUnfinishedUploads, type UnfinishedUploads } from './unfinished/unfinished-uploads.ts';
import { createUploadList, type ListedFile, type ListedUpload, type UploadList } from './upload-list.ts';
import { createUploadSettings, type StartUpload, type UploadSettings } from './upload-settings.ts';

/** On a server, which has no HTMLElement, the class can be loaded but not used. */
const PageElement: typeof HTMLElement = globalThis.HTMLElement ?? class {};

/**
 * `<partway-upload endpoint="/uploads" multiple accept max-files concurrency resumable lang>`: the user
 * chooses or drops files; the element uploads them, with buttons to pause, resume, retry and remove each. It
 * lists the unfinished uploads of earlier pages, and resumes them.
 *
 * - `endpoint`: the URL of the coordinator's handler. Default: `/uploads`.
 * - `max-files`: 1 to 1000 files in the list. Default: 100 with `multiple`; without it always 1.
 * - `concurrency`: 1 to 256 concurrent requests. Default: adaptive.
 * - `resumable`: `off` stores no unfinished uploads.
 *
 * Removing the element from the page does not abort its uploads: see `clear`.
 */
export class PartwayUploadElement extends PageElement {
  /** The attributes that the browser reports to `attributeChangedCallback`. */
  static readonly observedAttributes: readonly string[] = OBSERVED_ATTRIBUTES;

  readonly #uploadSettings: UploadSettings;
  #texts: Partial<UploadTexts> = {};
  #unfinished: UnfinishedUploads | undefined;
  readonly #list: UploadList;
  readonly #panel: Panel;

  constructor() {
    super();
    this.#uploadSettings = createUploadSettings(this);
    this.#list = createUploadList({
      onStarted: ({ file }, upload) => this.#emit('partway-started', { file, upload }),
      onChanged: (listed) => this.#show(listed),
      onCompleted: ({ file }, object) => this.#emit('partway-completed', { file, object }),
      onFailed: ({ file }, error) => this.#emit('partway-failed', { file, error }),
    });
    this.#panel = createPanel(this, this.#panelSettings(), {
      add: (files) => this.#startAll(files),
      resumeUnfinished: ({ id }, file) => void this.#resume(id, file),
      removeUnfinished: ({ id }) => void this.#unfinished?.remove(id),
      retry: this.#list.retry,
      remove: (listed) => this.#remove(listed),
      totals: this.#list.totals,
    });
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [getUploadStyles()];
    root.append(this.#panel.node);
    this.#openUnfinished();
    for (const name of PROPERTIES) this.#upgrade(name);
  }

  /** Called by the browser when the element is added to a page. */
  connectedCallback(): void {
    this.#applySettings();
    this.#unfinished?.watch();
  }

  /** Called by the browser when the element is removed from its page. */
  disconnectedCallback(): void {
    this.#unfinished?.unwatch();
  }

  /** Called by the browser when an observed attribute changes. */
  attributeChangedCallback(name: string): void {
    if (name === 'concurrency') this.#uploadSettings.applyConcurrency();
    else if (name === 'endpoint' || name === 'resumable') this.#openUnfinished();
    else this.#applySettings();
  }

  /** The headers of requests to the coordinator: an object, or a function called for each. Default: none. */
  get headers(): HttpControlPlaneOptions['headers'] {
    return this.#uploadSettings.overrides.headers;
  }

  set headers(headers: HttpControlPlaneOptions['headers']) {
    this.#uploadSettings.overrides.headers = headers;
  }

  /** The connection to the coordinator. Default: HTTP requests to `endpoint`, with `headers`. */
  get controlPlane(): ControlPlane {
    return this.#uploadSettings.controlPlane();
  }

  set controlPlane(controlPlane: ControlPlane | undefined) {
    this.#uploadSettings.overrides.controlPlane = controlPlane;
  }

  /**
   * Stores unfinished uploads; `undefined` with `resumable="off"`. Default: IndexedDB, one database for each
   * `endpoint`.
   */
  get checkpoints(): PageCheckpoints | undefined {
    return this.#uploadSettings.checkpoints();
  }

  set checkpoints(checkpoints: PageCheckpoints | undefined) {
    this.#uploadSettings.overrides.checkpoints = checkpoints;
    this.#openUnfinished();
  }

  /** Starts the upload of a file. Default: with `controlPlane`, and with the name and type of the file. */
  get start(): StartUpload {
    return this.#uploadSettings.start();
  }

  set start(start: StartUpload | undefined) {
    this.#uploadSettings.overrides.start = start;
  }

  /** Replaces texts of the element. Default: English, or Chinese for `lang="zh"`. */
  get texts(): Partial<UploadTexts> {
    return this.#texts;
  }

  set texts(texts: Partial<UploadTexts>) {
    this.#texts = { ...texts };
    this.#applySettings();
  }

  /** The rows of the list, in the order in which they were added. */
  get uploads(): readonly ListedUpload[] {
    return this.#list.files().map(({ file, upload }) => ({ file, upload }));
  }

  /** Adds files within `accept` and `max-files`, as if the user had dropped them. */
  add(files: Iterable<File>): void {
    this.#panel.addFiles({ files: toSelectedFiles(files), hasFolder: false });
  }

  /** Removes all rows, and aborts their uploads. */
  clear(): void {
    for (const listed of this.#list.files()) this.#remove(listed);
  }

  #startAll(files: readonly SelectedFile[]): void {
    for (const { file, handle } of files)
      this.#list.add(file, (shouldResume) => this.start(file, this.#getUploader(handle, shouldResume)));
  }

  async #resume(id: string, chosen: File | undefined): Promise<void> {
    const unfinished = this.#unfinished;
    if (!this.#panel.hasRoom()) return;
    const opened = await unfinished?.openFile(id, chosen);
    if (opened === undefined) return;
    const { file, handle, options } = opened;
    const listed = this.#list.add(file, (shouldResume) => {
      const uploader = this.#getUploader(handle, shouldResume);
      const upload = uploader.uploadFile(file, { controlPlane: this.controlPlane, ...options });
      unfinished?.link(upload, id);
      return upload;
    });
    this.#panel.focus(listed);
  }

  #getUploader(handle: FileSystemFileHandle | undefined, shouldResume: boolean): FileUploader {
    const checkpoints = this.#unfinished?.checkpoints;
    return this.#uploadSettings.getUploader({ checkpoints, handle, resume: shouldResume });
  }

  /** Lists the unfinished uploads of the current store. */
  #openUnfinished(): void {
    const { checkpoints } = this;
    this.#unfinished?.unwatch();
    this.#unfinished =
      checkpoints &&
      createUnfinishedUploads(checkpoints, {
        controlPlane: () => this.controlPlane,
        isListed: (upload) => this.#list.files().some((listed) => listed.upload === upload),
        onChanged: () => runOnNextFrame(this.#showUnfinished),
      });
    if (this.isConnected) this.#unfinished?.watch();
    runOnNextFrame(this.#showUnfinished);
  }

  readonly #showUnfinished = (): void => {
    this.#panel.showUnfinished(this.#unfinished?.list() ?? []);
  };

  #remove(listed: ListedFile): void {
    this.#list.remove(listed);
    this.#panel.remove(listed);
    if (listed.upload !== undefined) void this.#unfinished?.removeListed(listed.upload);
    runOnNextFrame(this.#showTotals);
  }

  #show(listed: ListedFile): void {
    this.#panel.show(listed);
    runOnNextFrame(this.#showTotals);
  }

  readonly #showTotals = (): void => {
    const totals = this.#list.totals();
    this.#panel.showTotals(totals);
    this.#emit('partway-changed', totals);
  };

  #emit<Name extends keyof PartwayUploadEvents>(
    name: Name,
    detail: PartwayUploadEvents[Name]['detail'],
  ): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  #panelSettings(): PanelSettings {
    const localized = resolveTexts(findLocale(this), CHINESE, ENGLISH, this.#texts);
    return { localized, limits: readAttributes(this).limits };
  }

  #applySettings(): void {
    this.#panel.applySettings(this.#panelSettings());
  }

  /** A property set before the element was defined hides the accessor of the class: sets it again. */
  #upgrade<Name extends (typeof PROPERTIES)[number]>(name: Name): void {
    if (!Object.hasOwn(this, name)) return;
    const value = this[name];
    delete (this as Partial<Record<Name, unknown>>)[name];
    (this as Record<Name, unknown>)[name] = value;
  }
}

/** Defines `<partway-upload>` in this page. No effect if it is defined, or on a server. */
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
