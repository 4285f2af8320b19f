import { describe, test } from 'vitest';
import { createOssObjectStore } from '../../src/oss/index.ts';
import { objectStoreConformance } from '../../src/testing/index.ts';
import { BUCKET, CREDENTIALS, createEmulatorStage, REGION } from '../stages/emulator-stage.ts';

describe('a store over fetch', () => {
  const createStage = () =>
    createEmulatorStage(({ endpoint }) =>
      createOssObjectStore({ region: REGION, bucket: BUCKET, endpoint, credentials: CREDENTIALS }),
    );
  for (const { name, run } of objectStoreConformance({ createStage })) test(name, run);
});
