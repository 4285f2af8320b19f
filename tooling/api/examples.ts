import ts from 'typescript-api';
import type { Api } from './load-api.ts';

/** An `@example` of a doc comment. */
export interface Example {
  /** The entry and the function, such as `@partway/node uploadFile`. */
  readonly name: string;
  readonly code: string;
}

/** Every `@example` of the public API; each is one block of TypeScript. */
export function findExamples({ entries }: Api): readonly Example[] {
  return entries.flatMap(({ specifier, exports }) =>
    exports
      .filter(({ home }) => home === specifier)
      .flatMap(({ name, symbol }) =>
        (symbol.declarations ?? [])
          .flatMap((declaration) => ts.getJSDocTags(declaration))
          .filter((tag) => tag.tagName.text === 'example')
          .map((tag) => ({
            name: `${specifier} ${name}`,
            code: codeOf(ts.getTextOfJSDocComment(tag.comment)),
          })),
      ),
  );
}

function codeOf(comment = ''): string {
  const code = /^```ts\n([\s\S]*)\n```$/.exec(comment)?.[1];
  if (code === undefined) throw new Error(`an @example must be one block of TypeScript, not: ${comment}`);
  return `${code}\n`;
}
