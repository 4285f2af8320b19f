/** The functions of the page for the bench. */
export interface MeasuredPage {
  /** Uploads the chosen file as in docs/guides/browser.md. Resolves at the end. */
  upload(key: string): Promise<void>;
  /** Durations of all tasks of 50 ms and more since the page was loaded, as the browser reported them. */
  longTasksMs(): readonly number[];
}

declare global {
  interface Window {
    measured: MeasuredPage;
  }
}
