import type { Upload } from '@partway/core';
import type { FollowedUpload, Following, PageCheckpoints } from '../../resume/page-checkpoints.ts';

/** Under which id an upload is remembered; `undefined` when it turns out to be another's. */
export type NoticeId = (upload: Upload, id: string | undefined) => void;

/** The same checkpoints, which tell the ids of the uploads that are given them. */
export function noticeIds(checkpoints: PageCheckpoints, notice: NoticeId): PageCheckpoints {
  return { ...checkpoints, follow: (followed) => followAndNotice(checkpoints, followed, notice) };
}

function followAndNotice(
  checkpoints: PageCheckpoints,
  followed: FollowedUpload,
  notice: NoticeId,
): Following {
  const following = checkpoints.follow(followed);
  let upload: Upload | undefined;
  const tell = (id: string | undefined): void => {
    if (upload !== undefined) notice(upload, id);
  };
  return {
    checkpoints: {
      ...following.checkpoints,
      async lock(id) {
        const lease = await following.checkpoints.lock(id).catch((reason: unknown) => {
          tell(undefined);
          throw reason;
        });
        tell(id);
        return lease;
      },
    },
    // An upload takes its lock after it has started.
    attach(started) {
      upload = started;
      following.attach(started);
    },
  };
}
