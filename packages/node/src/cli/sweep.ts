import { type SweepReport, type SweptUpload, sweep as sweepUploads } from '@partway/core/coordinator';
import { openStore, readAddress, readCount, readDuration, STORE_ARGS } from './arguments.ts';
import type { Command } from './command.ts';
import { EXIT, getExitCode } from './exit-code.ts';
import { errorFields, escapeControls, formatAge } from './format.ts';

export const sweep: Command = {
  description: 'Remove abandoned uploads and their parts, which OSS bills',
  args: {
    address: { type: 'positional', description: 'oss://BUCKET, or oss://BUCKET/PREFIX' },
    'older-than': {
      type: 'string',
      valueHint: '7d',
      description:
        'required: the time without activity, such as 30min, 12h or 7d; longer than any pause of an upload',
    },
    'dry-run': {
      type: 'boolean',
      description: 'remove nothing, and print the uploads that would be removed',
    },
    concurrency: { type: 'string', valueHint: '8', description: 'uploads at once, 1 to 64' },
    ...STORE_ARGS,
  },
  async run(parsed) {
    const { bucket, key: prefix } = readAddress(parsed);
    const olderThanMs = readDuration(parsed, 'older-than');
    if (olderThanMs === undefined) throw new TypeError('--older-than is required, such as 7d');
    const dryRun = parsed.flag('dry-run');
    const isJson = parsed.flag('json');
    const report = await sweepUploads(openStore(parsed, bucket), {
      ...(prefix !== '' && { prefix }),
      ...{ olderThanMs, dryRun, concurrency: readCount(parsed, 'concurrency') },
      onUpload(swept) {
        if (isJson) console.log(formatJson(bucket, swept));
        else if (swept.outcome === 'failed') console.error(formatText(bucket, swept));
        else if (swept.outcome === 'swept') console.log(formatText(bucket, swept));
      },
    });
    if (!isJson) console.error(formatSummary(report, dryRun));
    const codes = report.failures.map(({ error }) => getExitCode(error));
    return codes.includes(EXIT.failed) ? EXIT.failed : (codes[0] ?? EXIT.done);
  },
};

function formatJson(bucket: string, { upload, outcome, ageMs, parts, bytes, error }: SweptUpload): string {
  const { key, uploadId, initiatedAt } = upload;
  const age = { initiatedAt, ageSeconds: Math.floor(ageMs / 1000) };
  const record = { bucket, key, uploadId, ...age, outcome, parts, bytes };
  return JSON.stringify({ ...record, error: error && errorFields(error) });
}

function formatText(bucket: string, { upload, ageMs, parts, bytes, error }: SweptUpload): string {
  const age = formatAge(Math.floor(ageMs / 1000)).padStart(5);
  const name = `${upload.uploadId}  oss://${bucket}/${escapeControls(upload.key)}`;
  if (error !== undefined) return `partway: ${name}: ${error.message}`;
  return `${age} old  ${parts} parts  ${bytes} bytes  ${name}`;
}

function formatSummary({ swept, kept, gone, parts, bytes, failures }: SweepReport, dryRun: boolean): string {
  const counts = [
    `${swept} ${dryRun ? 'would be removed' : 'removed'} (${parts} parts, ${bytes} bytes)`,
    `${kept} kept`,
    ...(gone > 0 ? [`${gone} gone`] : []),
    ...(failures.length > 0 ? [`${failures.length} failed`] : []),
  ];
  return `partway: ${counts.join(', ')}`;
}
