import { type ControlPlane, crc64, createHttpControlPlane } from '@partway/core';
import type { TokenKey } from '@partway/core/coordinator';
import type { CredentialsSource } from '@partway/core/oss';
import { type PresignedPart, startUpload, systemClock, systemRandom } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import type { OssCredentials } from '@partway/emulator';
import { expect, test } from 'vitest';
import { type CoordinatorStage, createStage } from '../stages/coordinator-stage.ts';
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';

const { signal } = new AbortController();
const PART = 102_400;
const random = createSeededRandom(23);
const bytes = new Uint8Array(20 * PART - 1).map(() => random.next() * 256);
const refusedToken = { code: 'token_refused', disposition: 'permanent' };

const A: TokenKey = { kid: 'a', key: new Uint8Array(32).fill(1) };
const B: TokenKey = { kid: 'b', key: new Uint8Array(32).fill(2) };

/** Another coordinator process over the same OSS. */
function withKeys({ store }: CoordinatorStage, tokenKeys: readonly TokenKey[]): CoordinatorStage {
  return createStage({ stores: [store], tokenKeys });
}

/** The key sets of each replica in order: a new key opens everywhere before it seals anywhere. */
function rotation(first: CoordinatorStage): readonly CoordinatorStage[] {
  return [first, withKeys(first, [A, B]), withKeys(first, [B, A]), withKeys(first, [B])];
}

async function initiate({ clientOf }: CoordinatorStage) {
  const request = { key: 'film', size: bytes.length, partSize: PART, object: {}, presignCount: 20, signal };
  return await clientOf('wei').initiate(request);
}

async function send({ put }: CoordinatorStage, presigned: readonly PresignedPart[]): Promise<void> {
  for (const { partNumber, url, headers } of presigned) {
    expect(await put(url, headers, bytes.subarray((partNumber - 1) * PART, partNumber * PART))).toBe(200);
  }
}

function receipts() {
  return Array.from({ length: 20 }, (_, index) => {
    const part = bytes.subarray(index * PART, (index + 1) * PART);
    return { partNumber: index + 1, size: part.length, crc64: crc64(part) };
  });
}

function verbsOf(plane: ControlPlane, uploadToken: string): readonly (() => Promise<unknown>)[] {
  return [
    () => plane.presignParts({ uploadToken, partNumbers: [1], afterRefusal: false, signal }),
    () => plane.listParts({ uploadToken, signal }),
    () => plane.complete({ uploadToken, receipts: receipts(), signal }),
    () => plane.abort({ uploadToken, signal }),
  ];
}

test('a token of an old key works for every verb until the key is removed, and for none afterwards', async () => {
  const first = createStage({ tokenKeys: [A] });
  const steps = rotation(first);
  for (const step of steps.slice(0, 3)) {
    const { uploadToken, presigned = [] } = await initiate(first);
    await send(first, presigned);
    const [presign, list, complete] = verbsOf(step.clientOf('wei'), uploadToken);
    expect(await presign?.()).toHaveLength(1);
    expect(await list?.()).toHaveLength(20);
    expect(await complete?.()).toMatchObject({ key: 'wei/film', crc64: crc64(bytes) });
    const aborted = await initiate(first);
    await verbsOf(step.clientOf('wei'), aborted.uploadToken)[3]?.();
    expect(first.model.uploads(BUCKET)).toEqual([]);
  }
  const { uploadToken } = await initiate(first);
  const before = first.operations.length;
  for (const verb of verbsOf(withKeys(first, [B]).clientOf('wei'), uploadToken)) {
    await expect(verb()).rejects.toMatchObject(refusedToken);
  }
  expect(first.operations.slice(before)).toEqual([]);
});

test('tokens are sealed with the first key, and opened by a process that has only that key', async () => {
  const first = createStage({ tokenKeys: [A] });
  const kids: string[] = [];
  for (const step of rotation(first)) {
    const { uploadToken } = await initiate(step);
    const { kid } = JSON.parse(Buffer.from(uploadToken.split('.')[0] ?? '', 'base64url').toString());
    kids.push(kid);
    const [own, other] = kid === 'a' ? [A, B] : [B, A];
    expect(await verbsOf(withKeys(first, [own]).clientOf('wei'), uploadToken)[1]?.()).toEqual([]);
    const foreign = verbsOf(withKeys(first, [other]).clientOf('wei'), uploadToken)[1];
    await expect(foreign?.()).rejects.toMatchObject(refusedToken);
  }
  expect(kids).toEqual(['a', 'a', 'b', 'b']);
});

/** An upload with another coordinator for every second request. */
function uploadThrough(first: CoordinatorStage, steps: readonly CoordinatorStage[]) {
  let requestCount = 0;
  const controlPlane = createHttpControlPlane('https://app.test/uploads', {
    headers: { 'x-session': 'wei' },
    fetch(url, init) {
      const step = steps[Math.min(Math.floor(requestCount++ / 2), steps.length - 1)] ?? first;
      return step.handler(new Request(url, init));
    },
  });
  const openSource = async () => createInMemorySource(bytes);
  const ports = { openSource, transport: first.transport, controlPlane, checkpoints: undefined };
  const options = { key: 'film', partSize: PART, concurrency: 2, hedge: 0 };
  const upload = startUpload({ ...ports, clock: systemClock, random: systemRandom }, options);
  return { upload, getRequestCount: () => requestCount };
}

test('key rotation during an upload causes no retry', async () => {
  const first = createStage({ tokenKeys: [A] });
  const { upload, getRequestCount } = uploadThrough(first, rotation(first).slice(0, 3));
  expect(await upload.result).toMatchObject({ key: 'wei/film', crc64: crc64(bytes) });
  expect(getRequestCount()).toBeGreaterThan(4);
  expect(upload.snapshot().retries).toBe(0);
});

test('an upload fails with token_refused after its key was removed, and the next one succeeds', async () => {
  const first = createStage({ tokenKeys: [A] });
  const removed = withKeys(first, [B]);
  await expect(uploadThrough(first, [first, removed]).upload.result).rejects.toMatchObject(refusedToken);
  expect(await uploadThrough(first, [removed]).upload.result).toMatchObject({ crc64: crc64(bytes) });
});

interface TemporarySet extends Required<OssCredentials> {
  readonly issuedAt: number;
}

/** An STS that issues new credentials every second, each valid for `lifetimeMs`. */
interface Sts {
  readonly issued: Map<string, TemporarySet>;
  current(): TemporarySet;
}

function createSts(harness: () => Harness, lifetimeMs: number): Sts {
  const issued = new Map<string, TemporarySet>();
  return {
    issued,
    current() {
      const now = harness().clock.now();
      const second = Math.floor(now / 1000);
      const accessKeyId = `STS.${second}`;
      const set = issued.get(accessKeyId) ?? {
        accessKeyId,
        accessKeySecret: `secret-${second}`,
        securityToken: `token-${second}`,
        issuedAt: now,
        expiresAt: now + lifetimeMs,
      };
      issued.set(accessKeyId, set);
      harness().model.putCredentials([...issued.values()]);
      return set;
    },
  };
}

/** The credentials that a URL was signed with. Fails for mixed credentials and for expired ones. */
function validSetOf({ issued }: Sts, url: string, now: number): TemporarySet {
  const { searchParams } = new URL(url);
  const [accessKeyId = ''] = searchParams.get('x-oss-credential')?.split('/') ?? [];
  const set = issued.get(accessKeyId);
  if (set === undefined) throw new Error(`unknown credentials ${accessKeyId}`);
  expect(searchParams.get('x-oss-security-token')).toBe(set.securityToken);
  expect(now).toBeLessThan(set.expiresAt);
  return set;
}

/** The ways in which a source returns its credentials. ali-oss, for example, updates one object in place. */
const SOURCES: readonly (readonly [how: string, createSource: (sts: Sts) => CredentialsSource])[] = [
  ['in a new object', (sts) => () => sts.current()],
  [
    'in one object that changes in place',
    (sts) => {
      const only = {
        get accessKeyId() {
          return sts.current().accessKeyId;
        },
        get accessKeySecret() {
          return sts.current().accessKeySecret;
        },
        get securityToken() {
          return sts.current().securityToken;
        },
        get expiresAt() {
          return sts.current().expiresAt;
        },
      };
      return () => only;
    },
  ],
  [
    'a few microtasks late',
    (sts) => async () => {
      const set = sts.current();
      for (let microtask = 0; microtask < 5; microtask++) await Promise.resolve();
      return set;
    },
  ],
];

test.each(
  SOURCES.flatMap(([how, createSource]) =>
    [2000, 3000, 4500].map((lifetimeMs) => [how, lifetimeMs, createSource] as const),
  ),
)(
  'credentials rotating every second, returned %s and expiring after %i ms, sign no mixed or expired URL',
  async (_, lifetimeMs, createSource) => {
    const sts = createSts(() => harness, lifetimeMs);
    const harness: Harness = createHarness({ credentials: createSource(sts) });
    harness.faults.add({ operation: 'UploadPart', effect: { kind: 'bandwidth', bytesPerSecond: PART / 2 } });
    const used = new Set<TemporarySet>();
    const { transport, controlPlane, ...ports } = harness.createPorts(createInMemorySource(bytes));
    const assertValid = (parts: readonly PresignedPart[]): readonly PresignedPart[] => {
      const now = harness.clock.now();
      for (const { url, expiresInMs } of parts) {
        expect(now + expiresInMs).toBeLessThanOrEqual(validSetOf(sts, url, now).expiresAt);
      }
      return parts;
    };
    const upload = startUpload(
      {
        ...ports,
        controlPlane: {
          ...controlPlane,
          async initiate(request) {
            const upload = await controlPlane.initiate(request);
            assertValid(upload.presigned ?? []);
            return upload;
          },
          presignParts: async (request) => assertValid(await controlPlane.presignParts(request)),
        },
        transport: {
          ...transport,
          put(request) {
            used.add(validSetOf(sts, request.url, harness.clock.now()));
            return transport.put(request);
          },
        },
      },
      { key: KEY, partSize: PART, concurrency: 2 },
    );
    expect(await harness.runUntilSettled(upload.result)).toMatchObject({
      size: bytes.length,
      crc64: crc64(bytes),
    });
    expect(used.size).toBeGreaterThan(2);
    // OSS rejected neither a presigned request nor a request of the coordinator itself.
    expect(upload.snapshot().retries).toBe(0);
    expect(harness.model.uploads(BUCKET)).toEqual([]);
  },
);
