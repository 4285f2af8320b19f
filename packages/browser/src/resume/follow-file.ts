import type { Upload } from '@partway/core';
import type { CheckpointStore } from '@partway/core/ports';
import type { FollowedUpload, PageCheckpoints } from './page-checkpoints.ts';

/** The checkpoints as the engine shall have them; a page's own also follow the upload. */
export function followFile(
  checkpoints: CheckpointStore | undefined,
  file: Blob,
  { key, handle }: Pick<FollowedUpload, 'key' | 'handle'>,
): { readonly checkpoints: CheckpointStore | undefined; readonly attach: (upload: Upload) => void } {
  if (!isPageCheckpoints(checkpoints)) return { checkpoints, attach: () => undefined };
  const name = file instanceof File ? file.name : '';
  return checkpoints.follow({ name, size: file.size, key, handle });
}

/** Whether the checkpoints are more than the engine asks for. */
function isPageCheckpoints(checkpoints: CheckpointStore | undefined): checkpoints is PageCheckpoints {
  return checkpoints !== undefined && 'follow' in checkpoints;
}
