import type { TestProject } from 'vitest/node';
import { startSites } from './site/sites-server.ts';
import { startScripts } from './stages/scripts-server.ts';
import { startSlowReader } from './stages/slow-reader.ts';
import { startUploads } from './stages/uploads-server.ts';
import { startUppyStage } from './uppy/uppy-stage.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where a page sets the responses of the scripted server and reads its requests. */
    scriptsUrl: string;
    /** A server that reads a part on request: see slow-reader.ts. */
    slowReaderUrl: string;
    /** The handler of a coordinator and what its OSS holds: see uploads-server.ts. */
    uploadsUrl: string;
    /** One page, published in several ways: see sites-server.ts. */
    sitesUrl: string;
    /** Coordinators behind their real handlers, and a look at their OSS. */
    uppyCoordinatorUrl: string;
    uppyEmulatorUrl: string;
  }
}

/** Starts what the pages need outside of the browser. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const scripts = await startScripts();
  const slowReader = await startSlowReader();
  const uploads = await startUploads();
  const sites = await startSites();
  const uppy = await startUppyStage();
  project.provide('scriptsUrl', scripts.url);
  project.provide('slowReaderUrl', slowReader.url);
  project.provide('uploadsUrl', uploads.url);
  project.provide('sitesUrl', sites.url);
  project.provide('uppyCoordinatorUrl', uppy.coordinatorUrl);
  project.provide('uppyEmulatorUrl', uppy.emulatorUrl);
  return async () => {
    await scripts.close();
    await slowReader.close();
    await uploads.close();
    await sites.close();
    await uppy.close();
  };
}
