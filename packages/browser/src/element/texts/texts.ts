import type { UploadError } from '@partway/core';
import type { UploadTally } from '../events.ts';
import type { ShownPhase } from '../upload-list.ts';

/** Every text of the element. Each can be replaced by the property `texts`. */
export interface UploadTexts {
  /** The name of the whole, for screen readers. */
  readonly title: string;
  readonly choose: (isMultiple: boolean) => string;
  readonly drop: (isMultiple: boolean) => string;
  /** The name of the list of files, and of the bar of all of them. */
  readonly files: string;
  readonly allFiles: string;
  readonly pause: string;
  readonly resume: string;
  readonly retry: string;
  readonly remove: string;
  /** What a button is called: it has to begin with what stands on it. */
  readonly button: (action: string, fileName: string) => string;
  readonly phases: Readonly<Record<ShownPhase, string>>;
  readonly timeLeft: (time: string) => string;
  readonly sizeOf: (sent: string, size: string) => string;
  readonly summary: (tally: UploadTally) => string;
  readonly failure: (error: Pick<UploadError, 'code'>) => string;
  /** What is told when the state of a file has changed. */
  readonly told: (fileName: string, state: string) => string;
  readonly added: (count: number) => string;
  readonly refusedKind: (fileNames: readonly string[]) => string;
  readonly refusedCount: (filesMax: number) => string;
  readonly refusedFolder: string;
  /** The name of the list of what earlier pages, or other tabs, have left. */
  readonly unfinished: string;
  readonly chooseAgain: string;
  readonly begun: (age: string) => string;
  /** Of an upload that another tab works on. */
  readonly underWayElsewhere: string;
  readonly anotherFile: (fileName: string) => string;
  readonly unreadable: string;
  readonly foundUnfinished: (count: number) => string;
}

/** The texts in a language, and the language they are in. */
export interface Words {
  readonly texts: UploadTexts;
  readonly locale: string;
}

/**
 * What is known of the language asked for: Chinese for `zh`, English for every other. Where texts are
 * replaced, they and the numbers are taken to be in the language asked for.
 */
export function wordsIn(
  locale: string,
  chinese: UploadTexts,
  english: UploadTexts,
  replaced: Partial<UploadTexts>,
): Words {
  const base = /^zh\b/i.test(locale) ? chinese : english;
  const isOwn = Object.keys(replaced).length > 0 || /^(zh|en)\b/i.test(locale);
  return { texts: { ...base, ...replaced }, locale: isOwn ? locale : 'en' };
}

/** The `lang` of the element, or of whatever it stands in, through shadow roots; or else the browser's. */
export function localeOf(element: Element): string {
  const holder = element.closest('[lang]:not([lang=""])');
  if (holder instanceof HTMLElement) return holder.lang;
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? localeOf(root.host) : navigator.language;
}
