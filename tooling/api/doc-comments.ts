import ts from 'typescript-api';
import { declarationsOf, isPrivate } from './declarations.ts';
import type { Api } from './load-api.ts';

/**
 * Every symbol of the public API and every member of one that has no doc comment, such as
 * `@partway/core RetryOptions.baseMs`. A member that a type inherits counts where it is declared.
 */
export function findMissingDocComments({ entries, unexported }: Api): readonly string[] {
  const exported = entries.flatMap(({ specifier, exports }) =>
    exports.flatMap(({ symbol, home }) => (home === specifier ? [{ owner: specifier, symbol }] : [])),
  );
  const others = unexported.flatMap(({ packageName, symbols }) =>
    symbols.map((symbol) => ({ owner: packageName, symbol })),
  );
  const missing = [...exported, ...others].flatMap(({ owner, symbol }) =>
    missingOf(symbol).map((path) => `${owner} ${path}`),
  );
  return [...new Set(missing)];
}

/** Paths without a doc comment: of the symbol itself, its members, the members of its object types. */
function missingOf(symbol: ts.Symbol): readonly string[] {
  const isDocumented = new Map<string, boolean>();
  const note = (path: string, node: ts.Node): void => {
    isDocumented.set(path, isDocumented.get(path) === true || hasDocComment(node));
  };
  const visit = (node: ts.Node, path: string): void => {
    if (isMember(node)) {
      if (ts.isClassElement(node) && isPrivate(node)) return;
      if (!isSelfExplanatory(node)) note(pathOf(node, path), node);
      ts.forEachChild(node, (child) => visit(child, pathOf(node, path)));
    } else {
      ts.forEachChild(node, (child) => visit(child, path));
    }
  };
  for (const declaration of declarationsOf(symbol)) {
    note(symbol.name, declaration);
    visit(declaration, symbol.name);
  }
  return [...isDocumented].filter(([, documented]) => !documented).map(([path]) => path);
}

type Member = ts.ClassElement | ts.TypeElement;

function isMember(node: ts.Node): node is Member {
  return ts.isClassElement(node) || ts.isTypeElement(node);
}

/** `UploadFact[opened].size` is the member `size` of the part of a union with `type` `opened`. */
function pathOf(member: Member, path: string): string {
  const name = ts.isConstructorDeclaration(member) ? 'constructor' : (member.name?.getText() ?? '[index]');
  const discriminator = ts.isTypeLiteralNode(member.parent) && member.parent.members.find(isDiscriminator);
  const variant = discriminator ? `[${discriminator.type?.getText().slice(1, -1)}]` : '';
  return `${path}${variant}.${name.replace(/^'(.*)'$/, '$1')}`;
}

function isDiscriminator(member: ts.TypeElement): member is ts.PropertySignature {
  return ts.isPropertySignature(member) && member.type !== undefined && isText(member.type);
}

function isText(type: ts.TypeNode): boolean {
  return ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal);
}

/** A constructor without parameters, and the constant that distinguishes an interface or class from others. */
function isSelfExplanatory(member: Member): boolean {
  if (ts.isConstructorDeclaration(member)) return member.parameters.length === 0;
  if (ts.isPropertyDeclaration(member)) return member.initializer !== undefined;
  return isDiscriminator(member as ts.TypeElement) && ts.isInterfaceDeclaration(member.parent);
}

function hasDocComment(node: ts.Node): boolean {
  return ts.getJSDocCommentsAndTags(node).some((doc) => ts.isJSDoc(doc) && (doc.comment ?? '').length > 0);
}
