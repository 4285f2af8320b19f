import { startOssEmulator } from '@partway/emulator';

const emulator = await startOssEmulator({
  buckets: ['media'],
  credentials: { accessKeyId: 'AK', accessKeySecret: 'SK' },
});
console.log(`oss://media is served at ${emulator.endpoint}`);
