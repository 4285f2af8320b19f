import { type SweepReport, type SweptUpload, sweep as sweepUploads } from '@partway/core/coordinator';
import { ageText } from './age.ts';
import { openStore, readAddress, readCount, readDuration, STORE_ARGS } from './arguments.ts';
import type { Command } from './command.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { printable } from './printable.ts';

export const sweep: Command = {
  description: 'Remove abandoned uploads and their parts, which OSS bills',
  args: {
    address: { type: 'positional', description: 'oss://BUCKET, or oss://BUCKET/PREFIX' },
    'older-than': {
      type: 'string',
      valueHint: '7d',
      description: 'required: minimum idle time such as 30min, 12h or 7d; longer than any pause of an upload',
    },
    'dry-run': { type: 'boolean', description: 'remove nothing, and show what would be removed' },
    concurrency: { type: 'string', valueHint: '8', description: 'uploads at once, 1 to 64' },
    ...STORE_ARGS,
  },
  async run(given) {
    const { bucket, key: prefix } = readAddress(given);
    const olderThanMs = readDuration(given, 'older-than');
    if (olderThanMs === undefined) throw new TypeError('--older-than is needed, such as 7d');
    const dryRun = given.flag('dry-run');
    const isJson = given.flag('json');
    const report = await sweepUploads(openStore(given, bucket), {
      ...(prefix !== '' && { prefix }),
      ...{ olderThanMs, dryRun, concurrency: readCount(given, 'concurrency') },
      onUpload(swept) {
        if (isJson) console.log(jsonLine(bucket, swept));
        else if (swept.outcome === 'failed') console.error(textLine(bucket, swept));
        else if (swept.outcome === 'swept') console.log(textLine(bucket, swept));
      },
    });
    if (!isJson) console.error(summary(report, dryRun));
    const codes = report.failures.map(({ error }) => exitCodeOf(error));
    return codes.includes(EXIT.failed) ? EXIT.failed : (codes[0] ?? EXIT.done);
  },
};

function jsonLine(bucket: string, { upload, outcome, ageMs, parts, bytes, error }: SweptUpload): string {
  const { key, uploadId, initiatedAt } = upload;
  const age = { initiatedAt, ageSeconds: Math.floor(ageMs / 1000) };
  const told = error && {
    code: error.code,
    message: error.message,
    hint: error.hint,
    context: error.context,
  };
  return JSON.stringify({ bucket, key, uploadId, ...age, outcome, parts, bytes, error: told });
}

function textLine(bucket: string, { upload, ageMs, parts, bytes, error }: SweptUpload): string {
  const age = ageText(Math.floor(ageMs / 1000)).padStart(5);
  const name = `${upload.uploadId}  oss://${bucket}/${printable(upload.key)}`;
  if (error !== undefined) return `partway: ${name}: ${error.message}`;
  return `${age} old  ${parts} parts  ${bytes} bytes  ${name}`;
}

function summary({ swept, kept, gone, parts, bytes, failures }: SweepReport, dryRun: boolean): string {
  const counts = [
    `${swept} ${dryRun ? 'would be removed' : 'removed'} (${parts} parts, ${bytes} bytes)`,
    `${kept} kept`,
    ...(gone > 0 ? [`${gone} ended meanwhile`] : []),
    ...(failures.length > 0 ? [`${failures.length} failed`] : []),
  ];
  return `partway: ${counts.join(', ')}`;
}
