// The prose of a file of the repository, without its code, and its code without the prose. Places stay true: what is
// taken out is replaced by as many spaces.
import { parseSync } from 'vite';

const TEST = /^(test|it|describe)$/;
const MESSAGE_KEY = /^(message|hint|detail|summary|title|advice)$/i;
const MESSAGE_CALL = /(Error|Failure)$|^(print|say|note|log|fail|warn|error|write|assert)$/;

/** The prose of a file, cut where a sentence cannot go across: `{ kind, text, line }`. */
export function proseOf(path, source) {
  if (path.endsWith('.md')) return proseOfMarkdown(source, /(^|\/)adr\//.test(path) ? 'adr' : 'docs');
  return /\.(ts|tsx|mjs)$/.test(path) ? proseOfCode(path, source) : [];
}

/** Replaces what a pattern matches by as many spaces, so that places stay true. */
function blank(text, pattern) {
  return text.replace(pattern, (match) => match.replace(/[^\n]/g, ' '));
}

function proseOfMarkdown(source, kind) {
  const rest =
    /^---\n[\s\S]*?\n---\n|<!--[\s\S]*?-->|<\/?\w[^<>]*>|\]\([^()\s]*(?: "[^"]*")?\)|https?:\/\/\S+/g;
  const text = blank(withoutCode(source), rest);
  const blocks = [];
  let start = 0;
  // A block ends at a blank line, a heading, a list item or a cell of a table.
  for (const block of text.split(/(\n\s*\n|^#+ [^\n]*|\n(?=#+ |\s*(?:[-*+]|\d+\.) )|\|)/m)) {
    blocks.push({ start, text: block });
    start += block.length;
  }
  return segments(kind, source, blocks);
}

function withoutCode(markdown) {
  const fences = /^([ \t>]*)(```+|~~~+)[\s\S]*?^[ \t>]*\2/gm;
  const spans = /(?<!`)(`+)(?!`)(?:(?!\n\s*\n)[\s\S])+?(?<!`)\1(?!`)/g;
  return blank(blank(markdown, fences), spans);
}

function segments(kind, source, blocks) {
  return blocks
    .filter(({ text }) => /\p{L}/u.test(text))
    .map(({ start, text }) => ({ kind, text, line: lineAt(source, start) }));
}

function proseOfCode(path, source) {
  const { program, comments } = parseSync(path, source, {});
  const found = { titles: [], messages: [] };
  collectLiterals(program, found, false);
  const blocksOf = (nodes) => nodes.map((node) => ({ ...node, text: textOfLiteral(source, node) }));
  const isShipped = /^packages\/[^/]+\/src\//.test(path) && !path.endsWith('.test.ts');
  const messages = isShipped ? blocksOf(found.messages) : [];
  return [
    ...segments('comments', source, blocksOfComments(source, comments)),
    ...segments('titles', source, blocksOf(found.titles)),
    ...segments(
      'messages',
      source,
      messages.filter(({ text, isMessage }) => isProse(text, isMessage)),
    ),
  ];
}

/** Comments without code spans; line comments that follow each other are one block. */
function blocksOfComments(source, comments) {
  const blocks = [];
  for (const { type, start, end } of comments) {
    const last = blocks.at(-1);
    const joins =
      type === 'Line' && last?.type === 'Line' && /^\n[ \t]*$/.test(source.slice(last.end, start));
    if (joins) last.end = end;
    else blocks.push({ type, start, end });
  }
  const marks = /^[ \t]*(?:\/\*\*?|\*\/?|\/\/)|\*\/$|`[^`]*`|\{@\w+[^}]*\}|@[\w/-]+|https?:\/\/\S+/gm;
  return blocks.map(({ start, end }) => ({ start, text: blank(source.slice(start, end), marks) }));
}

/** Titles of tests: the first argument of `test`, `test.each(rows)` and the like. Messages: every other literal. */
function collectLiterals(node, found, isMessage) {
  const { type } = node;
  if (/^(Import|ExportAll|ExportNamed)Declaration$/.test(type) && node.source) return;
  if (type === 'TSLiteralType') return;
  if (isText(node)) found.messages.push({ ...node, isMessage });
  const isCall = type === 'CallExpression' || type === 'NewExpression';
  const title =
    isCall && TEST.test(rootOf(node.callee)) && isText(node.arguments[0]) ? node.arguments[0] : undefined;
  if (title !== undefined) found.titles.push(title);
  const receiver = isCall ? node.callee : (node.key ?? node.id);
  const name = receiver?.property?.name ?? receiver?.name ?? '';
  const isTaken = type === 'ThrowStatement' || (isCall ? MESSAGE_CALL : MESSAGE_KEY).test(name);
  for (const child of Object.values(node).flat()) {
    if (typeof child?.type === 'string' && child !== title)
      collectLiterals(child, found, isMessage || isTaken);
  }
}

function isText(node) {
  return node?.type === 'TemplateLiteral' || (node?.type === 'Literal' && typeof node.value === 'string');
}

/** `test` of `test.each(rows)`. */
function rootOf(callee) {
  return callee.name ?? rootOf(callee.object ?? callee.callee ?? callee.tag ?? { name: '' });
}

/** A literal without quotes, the expressions of a template, escapes and markup. */
function textOfLiteral(source, { start, end, expressions = [] }) {
  let text = source.slice(start, end);
  for (const each of expressions)
    text = blankSpan(text, { start: each.start - start, end: each.end - start });
  return blank(text, /^['"`]|['"`]$|\$\{\s*\}|\\[nt]|<\/?\w[^<>]*>|https?:\/\/\S+/g);
}

/** A literal of two words is a message when an error, a stream, the console or a `message` takes it; else of three. */
function isProse(text, isMessage) {
  return (
    (text.match(/(?<!\S)[("']?\p{L}[\p{L}'’-]*[)"',.:;?!]*(?!\S)/gu)?.length ?? 0) >= (isMessage ? 2 : 3)
  );
}

/** The text of a file with everything but code blanked: of a document, all but its fences and code spans. */
export function codeOf(path, source) {
  if (path.endsWith('.md')) {
    const prose = withoutCode(source);
    return source.replace(/[^\n]/g, (letter, index) => (prose[index] === letter ? ' ' : letter));
  }
  if (!/\.(ts|tsx|mjs)$/.test(path)) return '';
  const { program, comments } = parseSync(path, source, {});
  const found = { titles: [], messages: [] };
  collectLiterals(program, found, false);
  const literals = [...found.titles, ...found.messages].flatMap(
    ({ start, end, quasis }) => quasis ?? { start, end },
  );
  return [...comments, ...literals].reduce(blankSpan, source);
}

function blankSpan(text, { start, end }) {
  return text.slice(0, start) + blank(text.slice(start, end), /./g) + text.slice(end);
}

export function lineAt(text, index) {
  return text.slice(0, index).split('\n').length;
}
