// Calls to presign through the coordinator's HTTP handler, without sockets: from the request to the text of its answer.
import { createCoordinator, createCoordinatorHandler } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { answering } from '../answering.ts';
import { BUCKET, CREDENTIALS, REGION } from '../clients/client.ts';
import { measureUsage, type Usage } from '../measure.ts';

export interface PresignCallsQuestion {
  readonly calls: number;
  readonly urlsPerCall: number;
}

const PART_SIZE = 100 * 1024;

answering(async ({ calls, urlsPerCall }: PresignCallsQuestion): Promise<Usage> => {
  const store = createOssObjectStore({
    ...{ region: REGION, bucket: BUCKET, credentials: CREDENTIALS },
    fetch: () => Promise.resolve(initiated()),
  });
  const coordinator = createCoordinator({ store, authorize: ({ name }) => ({ key: name }) });
  const handler = createCoordinatorHandler(coordinator, { basePath: '/uploads' });
  const ask = async (verb: string, body: object): Promise<string> => {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await handler(new Request(`https://coordinator/uploads/${verb}`, init));
    if (response.status !== 200) throw new Error(`${verb} was answered with ${response.status}`);
    return response.text();
  };
  const file = { name: 'presigned', size: urlsPerCall * PART_SIZE, partSize: PART_SIZE };
  const { uploadToken } = JSON.parse(await ask('initiate', file)).upload;
  const partNumbers = Array.from({ length: urlsPerCall }, (_, index) => index + 1);
  const run = async (): Promise<void> => {
    for (let call = 0; call < calls; call++) await ask('presign-parts', { uploadToken, partNumbers });
  };
  await run();
  return await measureUsage(run);
});

function initiated(): Response {
  const fields = `<Bucket>${BUCKET}</Bucket><Key>presigned</Key><UploadId>0004B9895DBBB6EC98E36</UploadId>`;
  return new Response(`<InitiateMultipartUploadResult>${fields}</InitiateMultipartUploadResult>`);
}
