import { expect, test } from 'vitest';
import { type ErrorContext, UploadError, type UploadErrorCode } from '../errors.ts';
import { type FailedUpload, type FailureAction, onFailure } from './on-failure.ts';

/** Multipart with a checkpoint store, multipart without one, single with one, single without one. */
type Uploads<Action> = readonly [Action, Action, Action, Action];

/** The actions for a new upload, and for one that an earlier run started. */
interface Row {
  readonly fresh: Uploads<FailureAction>;
  readonly resumed: Uploads<FailureAction>;
}

const keptOrAborted = always('keep', 'abort', 'abort', 'abort');
const aborted = always('abort', 'abort', 'abort', 'abort');
const objectKept = always('keep-object', 'keep-object', 'keep-object', 'keep-object');

const ROWS: Readonly<Record<UploadErrorCode, Row>> = {
  network: keptOrAborted,
  stalled: keptOrAborted,
  throttled: keptOrAborted,
  server_error: keptOrAborted,
  url_expired: keptOrAborted,
  credentials_expired: keptOrAborted,
  clock_skewed: keptOrAborted,
  signature_mismatch: keptOrAborted,
  access_denied: keptOrAborted,
  upload_not_found: always('look-first', 'look-first', 'look-first', 'look-first'),
  upload_locked: aborted,
  checkpoint_failed: aborted,
  object_not_found: aborted,
  object_exists: aborted,
  checksum_mismatch: aborted,
  part_missing: aborted,
  source_changed: aborted,
  source_unreadable: keptOrAborted,
  token_refused: { fresh: aborted.fresh, resumed: ['restart', 'restart', 'restart', 'restart'] },
  unauthenticated: keptOrAborted,
  bad_request: keptOrAborted,
  callback_failed: objectKept,
  unproven: objectKept,
  malformed_response: keptOrAborted,
  refused: aborted,
  aborted,
  internal: keptOrAborted,
};

test.each(Object.entries(ROWS) as [UploadErrorCode, Row][])('failure with %s', (code, { fresh, resumed }) => {
  expect(actionsFor(code, false)).toEqual(fresh);
  expect(actionsFor(code, true)).toEqual(resumed);
});

test.each([
  ['a single PutObject that Complete finds damaged is sent again', 'complete', 'single', 'restart'],
  ['a damaged single PutObject aborts before Complete', 'UploadPart', 'single', 'abort'],
  ['a multipart upload that Complete finds damaged aborts', 'complete', 'multipart', 'abort'],
] as const)('%s', (_, operation, kind, action) => {
  for (const isDurable of [true, false]) {
    for (const isResumed of [true, false]) {
      const error = errorOf('checksum_mismatch', { operation });
      expect(onFailure({ error, kind, isDurable, isResumed })).toBe(action);
    }
  }
});

test('a failed callback of a part, which has none, aborts the upload', () => {
  const context = { partNumber: 7 };
  expect(actionsFor('callback_failed', false, context)).toEqual(aborted.fresh);
  expect(actionsFor('callback_failed', true, context)).toEqual(aborted.resumed);
});

function always(...actions: Uploads<FailureAction>): Row {
  return { fresh: actions, resumed: actions };
}

function actionsFor(code: UploadErrorCode, isResumed: boolean, context?: ErrorContext): FailureAction[] {
  const uploads: Pick<FailedUpload, 'kind' | 'isDurable'>[] = [
    { kind: 'multipart', isDurable: true },
    { kind: 'multipart', isDurable: false },
    { kind: 'single', isDurable: true },
    { kind: 'single', isDurable: false },
  ];
  return uploads.map((upload) => onFailure({ error: errorOf(code, context), isResumed, ...upload }));
}

function errorOf(code: UploadErrorCode, context: ErrorContext = {}): UploadError {
  return new UploadError({ code, message: '', disposition: 'permanent', context });
}
