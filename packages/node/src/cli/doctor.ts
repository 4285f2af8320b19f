import { type Check, examineBucket } from '@partway/core/doctor';
import { readAddress, readBucketOptions, readCount, STORE_ARGS } from './arguments.ts';
import type { Command } from './command.ts';
import { EXIT } from './exit-code.ts';
import { escapeControls } from './format.ts';

export const doctor: Command = {
  description: 'Check everything that uploads to a bucket need, and print a remedy for each problem',
  args: {
    address: { type: 'positional', description: 'oss://BUCKET, or oss://BUCKET/PREFIX' },
    origin: {
      type: 'string',
      valueHint: 'https://app.example.com',
      description: 'origin of the page that sends parts; without it CORS is not checked',
    },
    fix: { type: 'boolean', description: 'add missing CORS and lifecycle rules to the existing ones' },
    'abort-after': {
      type: 'string',
      valueHint: '7',
      description: 'days of the lifecycle rule that --fix adds, at least 1',
    },
    ...STORE_ARGS,
  },
  async run(parsed) {
    const { bucket, key: prefix } = readAddress(parsed);
    const checks = await examineBucket({
      ...readBucketOptions(parsed, bucket),
      prefix,
      origin: parsed.text('origin'),
      fix: parsed.flag('fix'),
      abortAfterDays: readCount(parsed, 'abort-after'),
    });
    for (const check of checks) console.log(parsed.flag('json') ? JSON.stringify(check) : formatCheck(check));
    return checks.some(({ status }) => status === 'failed') ? EXIT.failed : EXIT.done;
  },
};

function formatCheck({ name, status, detail, remedy }: Check): string {
  const line = `${status.padEnd(WIDTHS.status)} ${name.padEnd(WIDTHS.name)} ${escapeControls(detail)}`;
  const indent = ' '.repeat(WIDTHS.status + WIDTHS.name + 2);
  return remedy === undefined ? line : `${line}\n${indent}${escapeControls(useOptionNames(remedy))}`;
}

const WIDTHS = { status: 'skipped'.length, name: 'list-uploads'.length } as const;

/** Replaces the names of the library's options. */
function useOptionNames(remedy: string): string {
  return remedy.replaceAll('`fix`', '--fix').replaceAll('`region`', '--region');
}
