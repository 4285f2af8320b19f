import type { Certificate } from '../certificate.ts';
import type { ClientName, FileToSend } from '../clients/client.ts';
import { type ProcessUsage, sendWithGo } from '../clients/go-sdk.ts';
import type { SendTask } from '../clients/send.ts';
import type { TestFile } from '../files.ts';
import type { Usage } from '../measure.ts';
import { startChild } from '../processes.ts';
import { toOneLine } from '../result.ts';
import { type Sink, type SinkCount, type SinkOptions, withSink } from '../sink/start-sink.ts';
import { GO, type SendCase, type Sender } from './send-cases.ts';

/** One upload of the file. */
export interface SendRun {
  readonly caseName: string;
  readonly sender: Sender;
  readonly usage: ProcessUsage & Partial<Usage>;
  /** CPU of the sink meanwhile. */
  readonly sinkCpuSeconds: number;
}

export interface SendStage {
  readonly file: TestFile;
  readonly warmUp: TestFile;
  readonly certificate: Certificate;
  /** The path of the Go client. `undefined` if it could not be built. */
  readonly goProgram: string | undefined;
}

const WARM_UP_PART_SIZE = 8 * 1024 ** 2;

export interface CaseRuns {
  readonly runs: readonly SendRun[];
  readonly failures: readonly string[];
}

/**
 * Runs all rounds of a case. The senders take turns in each round. A sender that fails is left out from then
 * on.
 */
export async function runCase(
  stage: SendStage,
  sendCase: SendCase,
  rounds: number,
  onRun: (run: SendRun) => void,
): Promise<CaseRuns> {
  const { file, warmUp, certificate, goProgram } = stage;
  const crc64s = { ...warmUp.computeCrc64s(WARM_UP_PART_SIZE), ...file.computeCrc64s(sendCase.partSize) };
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
          failures.push(`${sendCase.name}: ${toOneLine(reason)}`);
        }
      }
    }
  });
  return { runs, failures };
}

/** The files of one run: one to warm up, and the measured one. */
interface SendFiles {
  readonly sendCase: SendCase;
  readonly warmUp: FileToSend;
  readonly file: FileToSend;
  readonly sink: Sink;
}

async function runOnce(stage: SendStage, sendCase: SendCase, sender: Sender, sink: Sink): Promise<SendRun> {
  const { concurrency, partSize } = sendCase;
  const files: SendFiles = {
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
  const usage = sender === GO ? await runGo(stage, files) : await runNode(stage, files, sender);
  return { caseName: sendCase.name, sender, ...usage };
}

/** The AWS SDK warns about Node versions that it will not support. */
const WITHOUT_WARNINGS = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };

type SenderUsage = Pick<SendRun, 'usage' | 'sinkCpuSeconds'>;

async function runNode(stage: SendStage, files: SendFiles, client: ClientName): Promise<SenderUsage> {
  const { sendCase, warmUp, file, sink } = files;
  const env = { ...WITHOUT_WARNINGS, ...(sendCase.isTls && { NODE_EXTRA_CA_CERTS: stage.certificate.path }) };
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

async function runGo(stage: SendStage, { sendCase, warmUp, file, sink }: SendFiles): Promise<SenderUsage> {
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
