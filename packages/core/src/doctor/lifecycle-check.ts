import type { BucketAdmin } from '../oss/bucket/bucket-admin.ts';
import type { LifecycleRule } from '../oss/bucket/bucket-rules.ts';
import { type Check, failed, failedWithError, ok, warning, warningWithError } from './check.ts';

export interface LifecycleCheckOptions {
  readonly admin: BucketAdmin;
  /** The prefix of the keys. Empty for all. */
  readonly prefix: string;
  /** The days of the rule that `fix` adds. */
  readonly abortAfterDays: number;
  readonly fix: boolean;
  readonly signal: AbortSignal;
}

/** Checks whether OSS itself aborts the uploads of dead processes. */
export async function checkLifecycle(options: LifecycleCheckOptions): Promise<Check> {
  const { admin, fix, signal } = options;
  let found: Check;
  try {
    found = assessRules(await admin.lifecycleRules({ signal }), options);
  } catch (reason) {
    return warningWithError('lifecycle', reason, 'oss:GetBucketLifecycle');
  }
  return found.status === 'ok' || !fix ? found : addRule(options);
}

function assessRules(
  rules: readonly LifecycleRule[],
  { prefix, abortAfterDays }: LifecycleCheckOptions,
): Check {
  const aborting = rules.filter((rule) => rule.isEnabled && rule.abortAfterDays !== undefined);
  const covering = aborting.filter((rule) => !rule.isSelective && prefix.startsWith(rule.prefix));
  const days = Math.min(...covering.map((rule) => rule.abortAfterDays ?? Number.POSITIVE_INFINITY));
  if (covering.length > 0) return ok('lifecycle', `OSS aborts unfinished uploads after ${days} days.`);
  const where = prefix === '' ? 'the bucket' : `keys that start with ${JSON.stringify(prefix)}`;
  const remedy = `Use \`fix\` to add a lifecycle rule that aborts them after ${abortAfterDays} days.`;
  if (aborting.some((rule) => rule.prefix.startsWith(prefix) || prefix.startsWith(rule.prefix))) {
    return warning('lifecycle', `OSS aborts only some of the unfinished uploads of ${where}.`, remedy);
  }
  const detail = `OSS stores and bills the parts of unfinished uploads of ${where} forever.`;
  return failed('lifecycle', detail, remedy);
}

async function addRule({ admin, prefix, abortAfterDays, signal }: LifecycleCheckOptions): Promise<Check> {
  try {
    await admin.addAbortRule({ prefix, abortAfterDays }, { signal });
    return ok('lifecycle', `A rule was added: OSS aborts unfinished uploads after ${abortAfterDays} days.`);
  } catch (reason) {
    return failedWithError('lifecycle', reason, 'oss:PutBucketLifecycle');
  }
}
