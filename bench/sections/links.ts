import type { SendTask } from '../clients/send.ts';
import { createTestFile, type TestFile } from '../files.ts';
import { hasPerl } from '../link/small-buffers.ts';
import { withLink } from '../link/start-link.ts';
import { medianOf, type Usage } from '../measure.ts';
import { runOnce } from '../processes.ts';
import { digits, inOneLine, type Section, type Table } from '../result.ts';
import type { Scale } from '../settings.ts';
import { type SinkCount, withSink } from '../sink/start-sink.ts';
import { type Concurrency, LINK_CASES, type LinkCase } from './link-cases.ts';
import { claimsOf, gainOver, gainOverBest, type LinkRun, runsOf, speedOf } from './link-claims.ts';

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
  async run(scale, say) {
    const { linkFileSize, linkPartSize } = scale;
    const short = await createTestFile('file', linkFileSize);
    const long = await createTestFile('long-file', 8 * linkFileSize);
    const onePart = await createTestFile('one-part', linkPartSize);
    const cases = LINK_CASES.filter(({ isQuick }) => isQuick || scale.name === 'full');
    const single = new Map<LinkCase, number>();
    const runs: LinkRun[] = [];
    const failures: string[] = [];
    for (const linkCase of cases) {
      const alone = { concurrency: 1, round: 0 };
      single.set(linkCase, (await upload(linkCase, onePart, linkPartSize, alone)).bytesPerSecond);
      const file = linkCase.model === undefined ? long : short;
      for (const turn of turns(linkCase, scale)) {
        const { concurrency } = turn;
        try {
          const run = await upload(linkCase, file, partSizeOf(linkCase, scale), turn);
          runs.push(run);
          say(
            `${run.caseName}: ${concurrency} ${speedText(run.bytesPerSecond)} MB/s, ${run.refused} refused`,
          );
        } catch (reason) {
          failures.push(`${linkCase.name}, ${concurrency} in flight: ${inOneLine(reason)}`);
        }
      }
    }
    return {
      tables: tablesOf(scale, cases, single, runs),
      claims: claimsOf(runs),
      notMeasured: hasPerl() ? [] : [BLURRED],
      failures,
    };
  },
};

const BLURRED = 'without perl, sockets swallow whole parts: what auto goes by is blurred here';

type Permit = Pick<LinkRun, 'concurrency' | 'round'>;

/** Every value once, then every value again. */
function turns({ model }: LinkCase, { rounds, linkRounds, linkConcurrencies }: Scale): readonly Permit[] {
  const length = model === undefined ? 2 * rounds : linkRounds;
  return Array.from({ length }, (_, round) =>
    linkConcurrencies.map((concurrency) => ({ concurrency, round })),
  ).flat();
}

/** Where requests are counted it takes many of them. */
function partSizeOf({ partsPerSecond }: LinkCase, { linkFileSize, linkPartSize }: Scale): number {
  return partsPerSecond === undefined ? linkPartSize : linkFileSize / THROTTLED_PARTS;
}

const THROTTLED_PARTS = 128;

async function upload(
  linkCase: LinkCase,
  file: TestFile,
  partSize: number,
  { concurrency, round }: Permit,
): Promise<LinkRun> {
  const { name, model, partsPerSecond } = linkCase;
  const crc64s = file.crc64sOf(partSize);
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

function tablesOf(
  { linkConcurrencies }: Scale,
  cases: readonly LinkCase[],
  single: ReadonlyMap<LinkCase, number>,
  runs: readonly LinkRun[],
): readonly Table[] {
  const throttled = cases.filter(({ partsPerSecond }) => partsPerSecond !== undefined);
  const cell = (linkCase: LinkCase, concurrency: Concurrency, text: () => string): string =>
    runsOf(runs, linkCase, concurrency).length === 0 ? '–' : text();
  return [
    {
      title: 'MB/s by parts in flight',
      columns: ['link', 'one connection', ...linkConcurrencies.map(String), 'auto ÷ 5', 'auto ÷ best fixed'],
      rows: cases.map((linkCase) => [
        linkCase.name,
        speedText(single.get(linkCase) ?? Number.NaN),
        ...linkConcurrencies.map((value) =>
          cell(linkCase, value, () => speedText(speedOf(runs, linkCase, value))),
        ),
        cell(linkCase, 'auto', () => digits(gainOver(runs, linkCase, 5))),
        cell(linkCase, 'auto', () => digits(gainOverBest(runs, linkCase))),
      ]),
    },
    {
      title: 'Requests refused with 503',
      columns: ['link', ...linkConcurrencies.map(String)],
      rows: throttled.map((linkCase) => [
        linkCase.name,
        ...linkConcurrencies.map((value) =>
          cell(linkCase, value, () =>
            digits(medianOf(runsOf(runs, linkCase, value), ({ refused }) => refused)),
          ),
        ),
      ]),
    },
  ];
}

function speedText(bytesPerSecond: number): string {
  return digits(bytesPerSecond / MB);
}
