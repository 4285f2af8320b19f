// Who may upload, and where to: what a service decides for itself.
import type { Authorize, Identify } from '@partway/core/coordinator';

const users = new Map([['Bearer session-of-wei', 'wei']]);

/** In production: the cookie or the token that the rest of the service goes by. */
export const identify: Identify<Request> = ({ headers }) => users.get(headers.get('authorization') ?? '');

/** Everybody uploads into a folder of his own. */
export const authorize: Authorize<Request> = ({ name }, { principal }) => ({ key: `${principal}/${name}` });
