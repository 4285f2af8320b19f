// Stores parts in temporary files of the given directory, prints `stored`, and waits to be killed.
import { createSpillFiles } from '@partway/node';

const spill = createSpillFiles(process.argv[2]);
for (let part = 0; part < 3; part++) {
  const buffer = await spill.open(5 * 1024 ** 2);
  await buffer.append(new Uint8Array(5 * 1024 ** 2));
}
console.log('stored');
setInterval(() => undefined, 1000);
