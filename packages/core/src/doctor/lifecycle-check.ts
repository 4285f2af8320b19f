import type { BucketAdmin } from '../oss/bucket/bucket-admin.ts';
import type { LifecycleRule } from '../oss/bucket/bucket-rules.ts';
import { type Check, failed, failedBy, ok, warnedBy, warning } from './check.ts';

export interface LifecycleOptions {
  readonly admin: BucketAdmin;
  /** Of the keys that matter. Empty for all. */
  readonly prefix: string;
  /** Of the rule that `fix` adds. */
  readonly abortAfterDays: number;
  readonly fix: boolean;
  readonly signal: AbortSignal;
}

/** Whether OSS itself removes what a process that died has left. */
export async function checkLifecycle(options: LifecycleOptions): Promise<Check> {
  const { admin, fix, signal } = options;
  let found: Check;
  try {
    found = judgeRules(await admin.lifecycleRules({ signal }), options);
  } catch (reason) {
    return warnedBy('lifecycle', reason, 'oss:GetBucketLifecycle');
  }
  return found.status === 'ok' || !fix ? found : addRule(options);
}

function judgeRules(rules: readonly LifecycleRule[], { prefix, abortAfterDays }: LifecycleOptions): Check {
  const aborting = rules.filter((rule) => rule.isEnabled && rule.abortAfterDays !== undefined);
  const covering = aborting.filter((rule) => !rule.isSelective && prefix.startsWith(rule.prefix));
  const days = Math.min(...covering.map((rule) => rule.abortAfterDays ?? Number.POSITIVE_INFINITY));
  if (covering.length > 0) return ok('lifecycle', `OSS removes unfinished uploads after ${days} days.`);
  const where = prefix === '' ? 'the bucket' : `keys that begin with ${JSON.stringify(prefix)}`;
  const remedy = `Let \`fix\` add a lifecycle rule that aborts them after ${abortAfterDays} days.`;
  if (aborting.some((rule) => rule.prefix.startsWith(prefix) || prefix.startsWith(rule.prefix))) {
    return warning('lifecycle', `OSS removes only some of the unfinished uploads of ${where}.`, remedy);
  }
  const detail = `OSS keeps, and bills, the parts of unfinished uploads of ${where} for ever.`;
  return failed('lifecycle', detail, remedy);
}

async function addRule({ admin, prefix, abortAfterDays, signal }: LifecycleOptions): Promise<Check> {
  try {
    await admin.addAbortRule({ prefix, abortAfterDays }, { signal });
    return ok('lifecycle', `A rule was added: OSS removes unfinished uploads after ${abortAfterDays} days.`);
  } catch (reason) {
    return failedBy('lifecycle', reason, 'oss:PutBucketLifecycle');
  }
}
