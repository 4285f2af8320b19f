import { type Check, examineBucket } from '@partway/core/doctor';
import { readAddress, readBucketOptions, readCount, STORE_ARGS } from './arguments.ts';
import type { Command } from './command.ts';
import { EXIT } from './exit-code.ts';
import { printable } from './printable.ts';

export const doctor: Command = {
  description: 'Check everything that uploads to a bucket need, and print a remedy for each problem',
  args: {
    address: { type: 'positional', description: 'oss://BUCKET, or oss://BUCKET/PREFIX' },
    origin: {
      type: 'string',
      valueHint: 'https://app.example.com',
      description: 'of the page that sends parts; without it CORS is not looked at',
    },
    fix: { type: 'boolean', description: 'add the CORS and lifecycle rules that are missing; none is lost' },
    'abort-after': {
      type: 'string',
      valueHint: '7',
      description: 'days of the lifecycle rule that --fix adds, from 1',
    },
    ...STORE_ARGS,
  },
  async run(given) {
    const { bucket, key: prefix } = readAddress(given);
    const checks = await examineBucket({
      ...readBucketOptions(given, bucket),
      prefix,
      origin: given.text('origin'),
      fix: given.flag('fix'),
      abortAfterDays: readCount(given, 'abort-after'),
    });
    for (const check of checks) console.log(given.flag('json') ? JSON.stringify(check) : text(check));
    return checks.some(({ status }) => status === 'failed') ? EXIT.failed : EXIT.done;
  },
};

function text({ name, status, detail, remedy }: Check): string {
  const line = `${status.padEnd(WIDTHS.status)} ${name.padEnd(WIDTHS.name)} ${printable(detail)}`;
  const indent = ' '.repeat(WIDTHS.status + WIDTHS.name + 2);
  return remedy === undefined ? line : `${line}\n${indent}${printable(inWordsOfOptions(remedy))}`;
}

const WIDTHS = { status: 'skipped'.length, name: 'list-uploads'.length } as const;

/** The library names its options as code does. */
function inWordsOfOptions(remedy: string): string {
  return remedy.replaceAll('`fix`', '--fix').replaceAll('`region`', '--region');
}
