/** What the bench asks of the page. */
export interface MeasuredPage {
  /** Uploads the chosen file as docs/BROWSER.md shows it, and gives the CRC64 of the object. */
  upload(key: string): Promise<string>;
  /** Durations of all tasks of 50 ms and more since the page was loaded, as the browser told them. */
  longTasksMs(): readonly number[];
}

declare global {
  interface Window {
    measured: MeasuredPage;
  }
}
