#!/usr/bin/env node
// Counts idioms per 1,000 words in docs, decision records, comments, test titles and messages. A report, not a gate.
//   npm run language -- [--list] [docs|adr|comments|titles|messages]... [--dir PATH]... [--json] [--old-names]
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { codeOf, lineAt, proseOf } from './prose.mjs';

/** The words to avoid: the name a report uses, and all forms as a regular expression. Whole words, any case. */
const IDIOMS = {
  tell: 'tells?|told|telling',
  hear: 'hears?|heard|hearing',
  say: 'says?|said|saying',
  ask: 'asks?|asked|asking',
  answer: 'answers?|answered|answering',
  wish: 'wish|wishes|wished|wishing',
  heed: 'heeds?|heeded|unheeded',
  walk: 'walks?|walked|walking',
  mend: 'mends?|mended|mending',
  spoil: 'spoils?|spoilt|spoiled|spoiling',
  lack: 'lacks?|lacked|lacking',
  'go on': '(?:go|goes|went|gone|going) on',
  'let go': '(?:lets?|letting) (?:it |them )?go',
  begun: 'begun',
  anew: 'anew',
  shall: 'shall',
  amiss: 'amiss',
  laggard: 'laggards?',
  patience: 'patience|patient|patiently',
  'at rest': 'at rest',
  'for want of': 'for want of',
  nobody: 'nobody|no one',
  somebody: 'somebody',
  whoever: 'whoever|whomever',
  whose: 'whose',
  he: 'he|him|his|himself',
};

/** Removed names that cannot be taken for prose: every whole-word match is a leftover. */
const OLD_NAMES = `
  lostForMs urlsWanted tellsProgress hidesHeaders startUploadOfPage createPatientControlPlane createInMemoryTallies
  whenFree listResumable Resumption loadResumption FoundUpload ResumableUpload resumeByHandle listCheckpoints
  verifyHeld countHeldBytes walkAgain walkUntilSettled createStreamWalk NO_TURN InitiateDoubt MENDED_BY_A_NEW_URL
  WISH_MS_MAX isToldOf hearCallback HeardCallback abandonForgotten abandonUnlessLocked isCalledOff isSpoilt
  mayBeginAnew takenAway firstTold CoordinatorTerms resolveTerms objectOf deleteObjectOf youngSiblings unheeded
  askService patientAnswer abortTillUnknown lacksOf restWithPage showLife WorkerLine openWorkerLine answerMs
  malformed_answer`.match(/\w+/g);

/** Removed names, as patterns, that are also words: looked for in code and in code spans of documents only. */
const OLD_IDENTIFIERS = `
  Tallies tallies Walk walk Turns Turn PASSING ENDED hear heard told asked doubt tame spanner Asked instead forget
  sound wrong held explains Register \\w+Answer`
  .trim()
  .split(/\s+/);

const KINDS = ['docs', 'adr', 'comments', 'titles', 'messages'];
/** The list of words itself is no leftover. */
const SELF = /^(tooling\/language\.mjs|test\/language\.test\.ts)$/;
const WORD = /\p{L}[\p{L}\p{N}]*(?:['’-]\p{L}+)*/gu;
const IDIOM = new RegExp(
  Object.values(IDIOMS)
    .map((forms) => `(?<![\\w-])(${forms.replaceAll(' ', '\\s+')})(?![\\w-])`)
    .join('|'),
  'gi',
);
/** The start of a sentence that has a clause in the place of a noun: "What fails is …". */
const HEADLESS = /^(?:What|Who|Whom) \p{Ll}/u;

const root = fileURLToPath(new URL('..', import.meta.url));
if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));

function main(args) {
  const [flags, dirs, kinds] = [new Set(), [], []];
  for (let index = 0; index < args.length; index += 1) {
    if (args[index] === '--dir') {
      index += 1;
      dirs.push(args[index]?.replace(/^\.\//, ''));
    } else if (['--list', '--json', '--old-names'].includes(args[index])) flags.add(args[index]);
    else if (KINDS.includes(args[index])) kinds.push(args[index]);
    else return usageError(args[index]);
  }
  if (dirs.includes(undefined)) return usageError('--dir');
  const paths = trackedFiles().filter(
    (path) => dirs.length === 0 || dirs.some((dir) => path.startsWith(dir)),
  );
  if (flags.has('--old-names')) return reportOldNames(paths, flags.has('--json'));
  const segments = paths.flatMap((path) => proseOf(path, read(path)).map((each) => ({ ...each, path })));
  const report = (kinds.length > 0 ? kinds : KINDS).map((kind) =>
    summaryOf(
      kind,
      segments.filter((each) => each.kind === kind),
    ),
  );
  if (flags.has('--json')) console.log(JSON.stringify(report, null, 2));
  else if (flags.has('--list')) report.forEach(printOccurrences);
  else printTable(report);
}

function usageError(argument) {
  console.error(`Unknown or incomplete argument: ${argument}`);
  console.error(
    `npm run language -- [--list] [${KINDS.join('|')}]... [--dir PATH]... [--json] [--old-names]`,
  );
  process.exitCode = 2;
}

/** Files that git tracks or would track. */
function trackedFiles() {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  return [...new Set(list.split('\0'))].filter(
    (path) => path !== '' && lstatSync(root + path, { throwIfNoEntry: false })?.isFile(),
  );
}

function read(path) {
  return readFileSync(root + path, 'utf8');
}

/** The number of words of a text, and its idioms in order. Titles and messages may start in lower case. */
export function countIdioms(text, mayStartLowerCase = false) {
  const names = Object.keys(IDIOMS);
  const idioms = [...text.matchAll(IDIOM)].map((match) => ({
    word: names[match.slice(1).findIndex((group) => group !== undefined)],
    index: match.index,
  }));
  for (const { 0: sentence, index } of text.matchAll(/[\p{L}\d].*?(?:[.!?]["')*_]*(?=\s|$)|$)/gsu)) {
    const start =
      mayStartLowerCase && index <= text.search(/\p{L}/u) ? sentence[0].toUpperCase() : sentence[0];
    if (HEADLESS.test(start + sentence.slice(1).replace(/\s+/g, ' ')) && !sentence.includes('?')) {
      idioms.push({ word: 'headless clause', index });
    }
  }
  return { words: text.match(WORD)?.length ?? 0, idioms: idioms.sort((a, b) => a.index - b.index) };
}

function summaryOf(kind, segments) {
  const counted = segments.map(({ path, text, line }) => {
    const { words, idioms } = countIdioms(text, kind === 'titles' || kind === 'messages');
    return { words, idioms: idioms.map(({ word, index }) => occurrence(path, line, text, word, index)) };
  });
  const occurrences = counted.flatMap(({ idioms }) => idioms);
  const words = counted.reduce((sum, each) => sum + each.words, 0);
  const byWord = new Map();
  for (const { word } of occurrences) byWord.set(word, (byWord.get(word) ?? 0) + 1);
  return {
    kind,
    texts: segments.length,
    textsWithIdiom: counted.filter(({ idioms }) => idioms.length > 0).length,
    words,
    idioms: occurrences.length,
    per1000: words === 0 ? 0 : Math.round((occurrences.length / words) * 10_000) / 10,
    byWord: Object.fromEntries([...byWord].sort(([, a], [, b]) => b - a)),
    occurrences,
  };
}

function occurrence(path, line, text, word, index) {
  const before = text
    .slice(0, index)
    .replace(/\s+/g, ' ')
    .slice(-40)
    .replace(/^\S+ (?=.)/, '');
  const after = text.slice(index).replace(/\s+/g, ' ').slice(0, 55);
  const excerpt = (before + after).trim();
  return { path, line: line + lineAt(text, index) - 1, word, excerpt };
}

function printTable(report) {
  console.log('kind        words  idioms  per 1,000  most frequent');
  for (const { kind, words, idioms, per1000, byWord } of report) {
    const frequent = Object.entries(byWord)
      .slice(0, 6)
      .map(([word, count]) => `${word} ${count}`);
    const cells = [kind.padEnd(9), pad(words, 7), pad(idioms, 7), pad(per1000.toFixed(1), 10), ''];
    console.log(`${cells.join(' ')} ${frequent.join(', ')}`);
  }
  const titles = report.find(({ kind }) => kind === 'titles');
  if (titles === undefined || titles.texts === 0) return;
  const percent = ((titles.textsWithIdiom / titles.texts) * 100).toFixed(1);
  console.log(`${titles.textsWithIdiom} of ${titles.texts} test titles have an idiom: ${percent} %`);
}

function pad(value, width) {
  return String(value).padStart(width);
}

function printOccurrences({ occurrences }) {
  for (const { path, line, word, excerpt } of occurrences)
    console.log(`${path}:${line}: ${word}: ${excerpt}`);
}

function reportOldNames(paths, asJson) {
  const leftovers = paths
    .filter((path) => !SELF.test(path) && !/^pnpm-lock/.test(path))
    .flatMap((path) => oldNamesOf(path, read(path)).map((each) => ({ path, ...each })));
  if (asJson) return console.log(JSON.stringify(leftovers, null, 2));
  for (const { path, line, name } of leftovers) console.log(`${path}:${line}: ${name}`);
  const names = new Set(leftovers.map(({ name }) => name));
  console.log(
    `${leftovers.length} matches of ${names.size} old names in ${new Set(leftovers.map(({ path }) => path)).size} files`,
  );
}

/** Old names in the text of a file; those that are also words only as identifiers or in code spans. */
export function oldNamesOf(path, source) {
  const found = [...source.matchAll(new RegExp(`\\b(?:${OLD_NAMES.join('|')})\\b`, 'g'))];
  const words = new RegExp(`\\b(?:${OLD_IDENTIFIERS.join('|')})\\b`, 'g');
  found.push(...codeOf(path, source).matchAll(words));
  return found
    .sort((a, b) => a.index - b.index)
    .map(({ 0: name, index }) => ({ name, line: lineAt(source, index) }));
}
