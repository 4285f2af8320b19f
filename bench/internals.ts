/**
 * Modules that @partway/core does not export, from its built files: engines that this machine does not
 * select. The path is relative to the built entry. Rejects where this version has no such file.
 */
export async function importInternalModule<Module>(path: string): Promise<Module> {
  // A parse edge: the caller declares the exports it expects.
  return (await import(new URL(path, import.meta.resolve('@partway/core')).href)) as Module;
}
