import { createIndexedDbCheckpoints, uploadFile } from '@partway/browser';

const longTasksMs: number[] = [];
const observer = new PerformanceObserver((list) => {
  longTasksMs.push(...list.getEntries().map(({ duration }) => duration));
});
observer.observe({ type: 'longtask', buffered: true });

window.measured = {
  async upload(key) {
    const file = document.querySelector('input')?.files?.[0];
    const output = document.querySelector('output');
    if (file === undefined || output === null) throw new Error('no file was chosen');
    const upload = uploadFile(file, { endpoint: '/uploads', checkpoints: createIndexedDbCheckpoints(), key });
    upload.subscribe(() => {
      const { sentBytes, size = 0 } = upload.snapshot();
      output.value = `${Math.floor((sentBytes / Math.max(size, 1)) * 100)} %`;
    });
    await upload.result;
  },
  longTasksMs: () => longTasksMs,
};
