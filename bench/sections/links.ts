import type { SendTask } from '../clients/send.ts';
import { createTestFile, type TestFile } from '../files.ts';
import { hasPerl } from '../link/small-buffers.ts';
import { withLink } from '../link/start-link.ts';
import { medianOf, type Usage } from '../measure.ts';
import { runOnce } from '../processes.ts';
import { formatFigure, type Section, type Table, toOneLine } from '../result.ts';
import type { Scale } from '../settings.ts';
import { type SinkCount, withSink } from '../sink/start-sink.ts';
import { type Concurrency, LINK_CASES, type LinkCase } from './link-cases.ts';
import {
  computeGain,
  computeGainOverBest,
  createClaims,
  filterRuns,
  type LinkRun,
  medianSpeed,
} from './link-claims.ts';

const MB = 1e6;

export const links: Section = {
  title: 'Links',
  how:
    'Complete uploads by Partway, each in a new process, over a proxy that simulates a link: one ' +
    'bottleneck for all connections with a queue before it, and a congestion window per connection ' +
    '(slow start, then like CUBIC at small windows) that shrinks after losses. It is a model, not a ' +
    'kernel: the column of one connection shows its effect on each link. The values take turns in ' +
    'every round. MB/s are medians, from the start to the proof; ratios are those of the rounds. On ' +
    'the server that responds 503, the bodies of refused parts are transferred too. The loopback uses ' +
    'a file eight times as long and more rounds, because the short file is sent before its process is ' +
    'warm.',
  async run(scale, log) {
    const { linkFileSize, linkPartSize } = scale;
    const short = await createTestFile('file', linkFileSize);
    const long = await createTestFile('long-file', 8 * linkFileSize);
    const onePart = await createTestFile('one-part', linkPartSize);
    const cases = LINK_CASES.filter(({ isQuick }) => isQuick || scale.name === 'full');
    const single = new Map<LinkCase, number>();
    const runs: LinkRun[] = [];
    const failures: string[] = [];
    for (const linkCase of cases) {
      const oneConnection = { concurrency: 1, round: 0 };
      single.set(linkCase, (await upload(linkCase, onePart, linkPartSize, oneConnection)).bytesPerSecond);
      const file = linkCase.model === undefined ? long : short;
      for (const planned of planRuns(linkCase, scale)) {
        const { concurrency } = planned;
        try {
          const run = await upload(linkCase, file, choosePartSize(linkCase, scale), planned);
          runs.push(run);
          log(
            `${run.caseName}: ${concurrency} ${formatSpeed(run.bytesPerSecond)} MB/s, ${run.refused} refused`,
          );
        } catch (reason) {
          failures.push(`${linkCase.name}, ${concurrency} in flight: ${toOneLine(reason)}`);
        }
      }
    }
    return {
      tables: createTables(scale, cases, single, runs),
      claims: createClaims(runs),
      notMeasured: hasPerl() ? [] : [NO_PERL],
      failures,
    };
  },
};

const NO_PERL = 'precise progress, on which auto depends: without perl the sockets have large buffers';

type PlannedRun = Pick<LinkRun, 'concurrency' | 'round'>;

/** All values in turn, once per round. */
function planRuns(
  { model }: LinkCase,
  { rounds, linkRounds, linkConcurrencies }: Scale,
): readonly PlannedRun[] {
  const length = model === undefined ? 2 * rounds : linkRounds;
  return Array.from({ length }, (_, round) =>
    linkConcurrencies.map((concurrency) => ({ concurrency, round })),
  ).flat();
}

/** A rate limit on requests needs many requests. */
function choosePartSize({ partsPerSecond }: LinkCase, { linkFileSize, linkPartSize }: Scale): number {
  return partsPerSecond === undefined ? linkPartSize : linkFileSize / THROTTLED_PARTS;
}

const THROTTLED_PARTS = 128;

async function upload(
  linkCase: LinkCase,
  file: TestFile,
  partSize: number,
  { concurrency, round }: PlannedRun,
): Promise<LinkRun> {
  const { name, model, partsPerSecond } = linkCase;
  const crc64s = file.computeCrc64s(partSize);
  const options = { crc64s, ...(partsPerSecond !== undefined && { partsPerSecond }) };
  return await withSink(options, async (sink) => {
    const sendTo = (endpoint: string): Promise<Usage> => {
      const toSend = { path: file.path, size: file.size, key: 'file', partSize, concurrency };
      const task: SendTask = { client: 'partway', endpoint, file: toSend };
      return runOnce<Usage>('clients/send.js', task);
    };
    const usage = await (model === undefined
      ? sendTo(sink.endpoint)
      : withLink({ model, port: sink.port }, sendTo));
    const count = await sink.takeCount();
    assertArrived(count, file.size);
    const bytesPerSecond = file.size / usage.wallSeconds;
    return { caseName: name, concurrency, round, bytesPerSecond, refused: count.refused };
  });
}

/** More may arrive: what was refused, and what was sent a second time at the end. */
function assertArrived({ bodyBytes }: SinkCount, expected: number): void {
  if (bodyBytes < expected) throw new Error(`${bodyBytes} bytes arrived, not ${expected}`);
}

function createTables(
  { linkConcurrencies }: Scale,
  cases: readonly LinkCase[],
  single: ReadonlyMap<LinkCase, number>,
  runs: readonly LinkRun[],
): readonly Table[] {
  const throttled = cases.filter(({ partsPerSecond }) => partsPerSecond !== undefined);
  const cell = (linkCase: LinkCase, concurrency: Concurrency, text: () => string): string =>
    filterRuns(runs, linkCase, concurrency).length === 0 ? '–' : text();
  return [
    {
      title: 'MB/s by parts in flight',
      columns: ['link', 'one connection', ...linkConcurrencies.map(String), 'auto ÷ 5', 'auto ÷ best fixed'],
      rows: cases.map((linkCase) => [
        linkCase.name,
        formatSpeed(single.get(linkCase) ?? Number.NaN),
        ...linkConcurrencies.map((value) =>
          cell(linkCase, value, () => formatSpeed(medianSpeed(runs, linkCase, value))),
        ),
        cell(linkCase, 'auto', () => formatFigure(computeGain(runs, linkCase, 5))),
        cell(linkCase, 'auto', () => formatFigure(computeGainOverBest(runs, linkCase))),
      ]),
    },
    {
      title: 'Requests refused with 503',
      columns: ['link', ...linkConcurrencies.map(String)],
      rows: throttled.map((linkCase) => [
        linkCase.name,
        ...linkConcurrencies.map((value) =>
          cell(linkCase, value, () =>
            formatFigure(medianOf(filterRuns(runs, linkCase, value), ({ refused }) => refused)),
          ),
        ),
      ]),
    },
  ];
}

function formatSpeed(bytesPerSecond: number): string {
  return formatFigure(bytesPerSecond / MB);
}
