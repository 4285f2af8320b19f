// Calls to presign through the coordinator's HTTP handler, without sockets: from the request to the
// text of the response.
import { createCoordinator, createCoordinatorHandler } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { BUCKET, CREDENTIALS, REGION } from '../clients/client.ts';
import { measureUsage, type Usage } from '../measure.ts';
import { serveTasks } from '../serve-tasks.ts';

export interface PresignCallsTask {
  readonly calls: number;
  readonly urlsPerCall: number;
}

const PART_SIZE = 100 * 1024;

serveTasks(async ({ calls, urlsPerCall }: PresignCallsTask): Promise<Usage> => {
  const store = createOssObjectStore({
    ...{ region: REGION, bucket: BUCKET, credentials: CREDENTIALS },
    fetch: () => Promise.resolve(initiateResponse()),
  });
  const coordinator = createCoordinator({ store, authorize: ({ name }) => ({ key: name }) });
  const handler = createCoordinatorHandler(coordinator, { basePath: '/uploads' });
  const post = async (verb: string, body: object): Promise<string> => {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await handler(new Request(`https://coordinator/uploads/${verb}`, init));
    if (response.status !== 200) throw new Error(`${verb}: response ${response.status}`);
    return response.text();
  };
  const file = { name: 'presigned', size: urlsPerCall * PART_SIZE, partSize: PART_SIZE };
  const { uploadToken } = JSON.parse(await post('initiate', file)).upload;
  const partNumbers = Array.from({ length: urlsPerCall }, (_, index) => index + 1);
  const run = async (): Promise<void> => {
    for (let call = 0; call < calls; call++) await post('presign-parts', { uploadToken, partNumbers });
  };
  await run();
  return await measureUsage(run);
});

function initiateResponse(): Response {
  const fields = `<Bucket>${BUCKET}</Bucket><Key>presigned</Key><UploadId>0004B9895DBBB6EC98E36</UploadId>`;
  return new Response(`<InitiateMultipartUploadResult>${fields}</InitiateMultipartUploadResult>`);
}
