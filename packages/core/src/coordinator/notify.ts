/** Tells a listener of what has happened, which stays so whatever the listener makes of it. */
export async function notify(listener: () => void | Promise<void>): Promise<void> {
  try {
    await listener();
  } catch {
    // The service's own mistake, for its own logs.
  }
}
