// The decisions of a service: which caller may upload, and to which key.
import type { Authorize, Identify } from '@partway/core/coordinator';

const users = new Map([['Bearer session-of-wei', 'wei']]);

/** In production: the session of your service. */
export const identify: Identify<Request> = ({ headers }) => users.get(headers.get('authorization') ?? '');

/** Each user uploads to a folder of their own. */
export const authorize: Authorize<Request> = ({ name }, { principal }) => ({ key: `${principal}/${name}` });
