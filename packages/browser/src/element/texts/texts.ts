import type { UploadError } from '@partway/core';
import type { UploadTotals } from '../events.ts';
import type { ShownPhase } from '../upload-list.ts';

/** All texts of the element. The property `texts` replaces any of them. */
export interface UploadTexts {
  /** The accessible name of the element. */
  readonly title: string;
  /** The button that opens the file dialog. */
  readonly choose: (isMultiple: boolean) => string;
  /** The hint beside this button. */
  readonly drop: (isMultiple: boolean) => string;
  /** The accessible name of the list of files. */
  readonly files: string;
  /** The accessible name of the overall progress bar. */
  readonly allFiles: string;
  /** The button that pauses an upload. */
  readonly pause: string;
  /** The button that resumes an upload. */
  readonly resume: string;
  /** The button that retries a failed upload. */
  readonly retry: string;
  /** The button that removes a file from the list. */
  readonly remove: string;
  /** The accessible name of a button. It has to start with the visible text, `action`. */
  readonly buttonLabel: (action: string, fileName: string) => string;
  /** The state of a file, by phase; `offline` replaces the phase while there is no network. */
  readonly phases: Readonly<Record<ShownPhase, string>>;
  /** The remaining time; `time` is formatted, as `3 min`. */
  readonly timeLeft: (time: string) => string;
  /** The progress in bytes; both are formatted, as `12.3 MB`. */
  readonly sizeOf: (sent: string, size: string) => string;
  /** The number of stored and failed files. */
  readonly summary: (totals: UploadTotals) => string;
  /** The reason why an upload failed. */
  readonly failure: (error: Pick<UploadError, 'code'>) => string;
  /** The announcement when the state of a file changes. */
  readonly announcement: (fileName: string, state: string) => string;
  /** The announcement when files are added. */
  readonly filesAdded: (count: number) => string;
  /** The notice for files of a type that is not in `accept`. */
  readonly typeNotAccepted: (fileNames: readonly string[]) => string;
  /** The notice for files beyond `max-files`. */
  readonly tooManyFiles: (filesMax: number) => string;
  /** The notice for a dropped folder. */
  readonly foldersNotAccepted: string;
  /** The title of the list of unfinished uploads. */
  readonly unfinished: string;
  /** The button that resumes an unfinished upload after its file is chosen again. */
  readonly chooseAgain: string;
  /** When an unfinished upload started; `age` is formatted, as `2 hours ago`. */
  readonly startedAgo: (age: string) => string;
  /** The state of an unfinished upload that another tab is uploading. */
  readonly activeElsewhere: string;
  /** The notice if the chosen file is not the file of the unfinished upload. */
  readonly differentFile: (fileName: string) => string;
  /** The notice if the file of an unfinished upload cannot be read. */
  readonly unreadable: string;
  /** The announcement when unfinished uploads are found. */
  readonly unfinishedFound: (count: number) => string;
}

/** The texts, and the language for numbers and for `lang`. */
export interface LocalizedTexts {
  readonly texts: UploadTexts;
  readonly locale: string;
}

/**
 * The texts for a language: Chinese for `zh`, English for any other. If the page replaces texts, they and the
 * numbers are in the requested language.
 */
export function resolveTexts(
  locale: string,
  chinese: UploadTexts,
  english: UploadTexts,
  replaced: Partial<UploadTexts>,
): LocalizedTexts {
  const base = /^zh\b/i.test(locale) ? chinese : english;
  const isSupported = Object.keys(replaced).length > 0 || /^(zh|en)\b/i.test(locale);
  return { texts: { ...base, ...replaced }, locale: isSupported ? locale : 'en' };
}

/** The `lang` of the element or of its nearest ancestor, across shadow roots; otherwise the browser's. */
export function findLocale(element: Element): string {
  const holder = element.closest('[lang]:not([lang=""])');
  if (holder instanceof HTMLElement) return holder.lang;
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? findLocale(root.host) : navigator.language;
}
