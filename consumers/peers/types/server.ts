// A service with an ali-oss client and tracing. Compiled only.
import { createCoordinator, createCoordinatorHandler } from '@partway/core/coordinator';
import { observeControlPlane, traceHandler } from '@partway/core/opentelemetry';
import { createAliOssObjectStore, uploadFile } from '@partway/node';
import OSS from 'ali-oss';

const client = new OSS({ accessKeyId: 'AK', accessKeySecret: 'SK', bucket: 'media', authorizationV4: true });
const coordinator = createCoordinator({ store: createAliOssObjectStore(client) });
export const handler = traceHandler(createCoordinatorHandler(coordinator, { basePath: '/uploads' }));
export const upload = uploadFile('./a', { controlPlane: observeControlPlane(coordinator), key: 'a' });
