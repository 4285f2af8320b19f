// app/uploads/[...verb]/route.ts of a Next app: one route for every verb.
import { createCoordinatorHandler } from '@partway/core/coordinator';
import { coordinator } from '../../../../stage.ts';

const handler = createCoordinatorHandler(coordinator, { basePath: '/uploads' });

export const POST = handler;
/** For pages of other origins, with the option `cors`. */
export const OPTIONS = handler;
/** Seconds. Completing thousands of parts takes OSS minutes. */
export const maxDuration = 300;
