/** A browser that a scenario drives. It runs every scenario, whatever engine is behind it. */
export interface Browser {
  /** A tab that shows this address. */
  open(url: string): Promise<Tab>;
  /** Takes the network away from all tabs, and gives it back: requests under way are lost. */
  setOffline(isOffline: boolean): Promise<void>;
  /**
   * Kills all of its processes at once, so that nothing is put in order. Its profile stays. Rejects as `close`
   * does.
   */
  kill(): Promise<void>;
  /** Ends it. Rejects with what pages threw and nobody caught. */
  close(): Promise<void>;
}

export interface Tab {
  /** Chooses files on the disk in the page's only file input, in place of those chosen before. */
  choose(...paths: readonly string[]): Promise<void>;
  /**
   * Runs `act` in the page, with `argument`, and waits for it. It closes over nothing; argument and answer
   * cross as JSON.
   */
  run<Argument, Answer>(
    act: (argument: Argument) => Answer | Promise<Answer>,
    argument?: Argument,
  ): Promise<Answer>;
  /**
   * So much time passes for the page, at once: timers that are due fire, and its clock is ahead from then on.
   * Timers that were set before the first call are not moved: it may be a call with 0.
   */
  passTime(ms: number): Promise<void>;
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a browser with the profile in this folder, which need not exist yet. */
export type LaunchBrowser = (profile: string) => Promise<Browser>;
