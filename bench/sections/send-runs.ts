import type { Certificate } from '../certificate.ts';
import type { ClientName, FileToSend } from '../clients/client.ts';
import { type ForeignUsage, sendWithGo } from '../clients/go-sdk.ts';
import type { SendTask } from '../clients/send.ts';
import type { TestFile } from '../files.ts';
import type { Usage } from '../measure.ts';
import { startChild } from '../processes.ts';
import { inOneLine } from '../result.ts';
import { type Sink, type SinkCount, type SinkOptions, withSink } from '../sink/start-sink.ts';
import { GO, type SendCase, type Sender } from './send-cases.ts';

/** One upload of the file. */
export interface SendRun {
  readonly caseName: string;
  readonly sender: Sender;
  readonly usage: ForeignUsage & Partial<Usage>;
  /** CPU of the sink meanwhile. */
  readonly sinkCpuSeconds: number;
}

export interface SendStage {
  readonly file: TestFile;
  readonly warmUp: TestFile;
  readonly certificate: Certificate;
  /** `undefined` where it could not be built. */
  readonly goProgram: string | undefined;
}

const WARM_UP_PART_SIZE = 8 * 1024 ** 2;

export interface CaseRuns {
  readonly runs: readonly SendRun[];
  readonly failures: readonly string[];
}

/** All rounds of a case, one sender after the other in each: A B C, A B C, … One that fails is left out. */
export async function runCase(
  stage: SendStage,
  sendCase: SendCase,
  rounds: number,
  onRun: (run: SendRun) => void,
): Promise<CaseRuns> {
  const { file, warmUp, certificate, goProgram } = stage;
  const crc64s = { ...warmUp.crc64sOf(WARM_UP_PART_SIZE), ...file.crc64sOf(sendCase.partSize) };
  const options: SinkOptions = { crc64s, ...(sendCase.isTls && { tls: certificate }) };
  const senders = new Set(sendCase.senders.filter((sender) => sender !== GO || goProgram !== undefined));
  const runs: SendRun[] = [];
  const failures: string[] = [];
  await withSink(options, async (sink) => {
    for (let round = 0; round < rounds; round++) {
      for (const sender of senders) {
        try {
          const run = await runOnce(stage, sendCase, sender, sink);
          runs.push(run);
          onRun(run);
        } catch (reason) {
          senders.delete(sender);
          failures.push(`${sendCase.name}: ${inOneLine(reason)}`);
        }
      }
    }
  });
  return { runs, failures };
}

/** The small file that every sender sends before it is measured, and the file. */
interface Sending {
  readonly sendCase: SendCase;
  readonly warmUp: FileToSend;
  readonly file: FileToSend;
  readonly sink: Sink;
}

async function runOnce(stage: SendStage, sendCase: SendCase, sender: Sender, sink: Sink): Promise<SendRun> {
  const { concurrency, partSize } = sendCase;
  const sending: Sending = {
    sendCase,
    warmUp: {
      path: stage.warmUp.path,
      size: stage.warmUp.size,
      key: 'warm-up',
      partSize: WARM_UP_PART_SIZE,
      concurrency,
    },
    file: { path: stage.file.path, size: stage.file.size, key: 'file', partSize, concurrency },
    sink,
  };
  await sink.takeCount();
  const found = sender === GO ? await runGo(stage, sending) : await runNode(stage, sending, sender);
  return { caseName: sendCase.name, sender, ...found };
}

/** The AWS SDK warns of what it will need next year. */
const QUIET = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };

type Found = Pick<SendRun, 'usage' | 'sinkCpuSeconds'>;

async function runNode(stage: SendStage, sending: Sending, client: ClientName): Promise<Found> {
  const { sendCase, warmUp, file, sink } = sending;
  const env = { ...QUIET, ...(sendCase.isTls && { NODE_EXTRA_CA_CERTS: stage.certificate.path }) };
  const child = startChild('clients/send.js', { env });
  const send = (fileToSend: FileToSend): Promise<Usage> => {
    const task: SendTask = { client, endpoint: sink.endpoint, file: fileToSend };
    return child.run(task);
  };
  try {
    await send(warmUp);
    assertArrived(client, await sink.takeCount(), warmUp.size);
    const usage = await send(file);
    const count = await sink.takeCount();
    assertArrived(client, count, file.size);
    return { usage, sinkCpuSeconds: count.cpuSeconds };
  } finally {
    await child.stop();
  }
}

async function runGo(stage: SendStage, { sendCase, warmUp, file, sink }: Sending): Promise<Found> {
  if (stage.goProgram === undefined) throw new Error('the Go client has not been built');
  const caPath = sendCase.isTls ? stage.certificate.path : undefined;
  const usage = await sendWithGo(stage.goProgram, sink.endpoint, warmUp, file, caPath);
  const count = await sink.takeCount();
  const sent = warmUp.size + file.size;
  assertArrived(GO, count, sent);
  return { usage, sinkCpuSeconds: (count.cpuSeconds * file.size) / sent };
}

function assertArrived(sender: Sender, { bodyBytes, refused }: SinkCount, expected: number): void {
  if (bodyBytes === expected && refused === 0) return;
  throw new Error(`${sender}: ${bodyBytes} bytes arrived, not ${expected}`);
}
