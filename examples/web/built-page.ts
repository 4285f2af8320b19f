import { build, type Plugin, type Rolldown } from 'vite';

/** A file of the built page, ready to be served. */
export interface BuiltFile {
  readonly type: string;
  readonly body: Buffer<ArrayBuffer>;
}

/** Builds the page in memory, as `vite build` does into a folder. */
export async function buildPage(
  folder: string,
  plugins: readonly Plugin[] = [],
): Promise<ReadonlyMap<string, BuiltFile>> {
  const output = await build({
    configFile: false,
    root: folder,
    logLevel: 'error',
    plugins: [...plugins],
    build: { write: false, modulePreload: { polyfill: false } },
  });
  const files = (output as Rolldown.RolldownOutput).output;
  return new Map(
    files.map((file) => {
      const body = Buffer.from(file.type === 'chunk' ? file.code : file.source);
      return [`/${file.fileName}`, { type: typeOf(file.fileName), body }];
    }),
  );
}

function typeOf(fileName: string): string {
  const ending = fileName.slice(fileName.lastIndexOf('.'));
  return TYPES[ending] ?? 'application/octet-stream';
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
