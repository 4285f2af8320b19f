/**
 * Modules that @partway/core does not export, from its built files: engines that this machine does not select. The path
 * is relative to the built entry. Rejects where this version has no such file.
 */
export async function importInternal<Module>(path: string): Promise<Module> {
  // A parse edge: the bench names what it expects to find.
  return (await import(new URL(path, import.meta.resolve('@partway/core')).href)) as Module;
}
