import type { TestProject } from 'vitest/node';
import { startScripts } from './scripts-server.ts';
import { startUploads } from './uploads-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where a page tells the scripted server what to answer, and asks what it got. */
    scriptsUrl: string;
    /** The handler of a coordinator and what its OSS holds: see uploads-server.ts. */
    uploadsUrl: string;
  }
}

/** Starts what the pages need outside of the browser. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const scripts = await startScripts();
  const uploads = await startUploads();
  project.provide('scriptsUrl', scripts.url);
  project.provide('uploadsUrl', uploads.url);
  return async () => {
    await scripts.close();
    await uploads.close();
  };
}
