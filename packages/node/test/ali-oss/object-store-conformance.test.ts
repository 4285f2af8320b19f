import { objectStoreConformance } from '@partway/core/testing';
import OSS from 'ali-oss';
import { describe, test } from 'vitest';
import {
  BUCKET,
  CREDENTIALS,
  createEmulatorStage,
  REGION,
} from '../../../core/test/stages/emulator-stage.ts';
import { createAliOssObjectStore } from '../../src/ali-oss/ali-oss-object-store.ts';

/** Path style, which @types/ali-oss does not contain. */
const sldEnable = { sldEnable: true };

describe('a store over an ali-oss client', () => {
  const createStage = () =>
    createEmulatorStage(({ endpoint }) => {
      const known = { region: `oss-${REGION}`, bucket: BUCKET, endpoint, authorizationV4: true };
      return createAliOssObjectStore(new OSS({ ...CREDENTIALS, ...known, ...sldEnable }));
    });
  for (const { name, run } of objectStoreConformance({ createStage })) test(name, run);
});
