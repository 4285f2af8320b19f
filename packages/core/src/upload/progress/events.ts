import type { UploadError } from '../../errors.ts';
import type { UploadedObject } from '../../ports.ts';

/**
 * Emitted in the order in which things happen. `at` is in milliseconds since the epoch, sizes are in bytes.
 * No event contains a URL, a token or a header.
 */
export type UploadEvent = {
  /** Milliseconds since the epoch. */
  readonly at: number;
} & UploadFact;

/** An event without its time. */
export type UploadFact =
  | {
      /** The upload exists in OSS, or a single PutObject is prepared, and the parts are planned. */
      readonly type: 'opened';
      /** The bucket of the object. */
      readonly bucket: string;
      /** The key of the object. */
      readonly key: string;
      /** OSS's upload ID; `undefined` for a single PutObject. */
      readonly uploadId: string | undefined;
      /** The size of the source; `undefined` for a stream. */
      readonly size: number | undefined;
      /** The size of every part but the last; of a stream, that of the first part. */
      readonly partSize: number;
      /** The number of parts; `undefined` for a stream. */
      readonly partCount: number | undefined;
    }
  | {
      /**
       * An attempt of a part starts. The next `part-confirmed` or `retrying` of this part, `paused`, `failed`
       * or another `opened` ends it. A part that OSS has already stored has none.
       */
      readonly type: 'part-attempt';
      /** From 1. */
      readonly partNumber: number;
      /** From 1. */
      readonly attempt: number;
    }
  | {
      /** Bytes of the current attempt went to the network. They may have to be sent again. */
      readonly type: 'part-progress';
      /** From 1. */
      readonly partNumber: number;
      /** The bytes of this attempt so far. */
      readonly sentBytes: number;
    }
  | {
      /** OSS has stored the part, and its CRC64 is that of our bytes. */
      readonly type: 'part-confirmed';
      /** From 1. */
      readonly partNumber: number;
      /** The size of the part. */
      readonly size: number;
      /** An unsigned decimal. */
      readonly crc64: string;
    }
  | {
      /** An attempt failed. The next one follows after `delayMs`, or when the upload is `online` again. */
      readonly type: 'retrying';
      /** The failure. Its context names the request, the attempt and, of a part, its number. */
      readonly error: UploadError;
      /** Milliseconds; 0 while offline. */
      readonly delayMs: number;
    }
  | {
      /**
       * The page may not read these headers of OSS's responses, because the CORS rules of the bucket do not
       * expose them. Emitted once. The upload is proven all the same, but a damaged part is detected only
       * before Complete, and errors of parts have no request ID of OSS.
       */
      readonly type: 'headers-hidden';
      /** Names in lower case. */
      readonly names: readonly string[];
    }
  | {
      /** A checkpoint that could not be read was set aside. */
      readonly type: 'checkpoint-set-aside';
      /** The ID of the checkpoint. */
      readonly id: string;
    }
  | {
      /** The machine has no network: failed requests wait for it. */
      readonly type: 'offline';
    }
  | {
      /** No request waits for the network any more: it is back, or a request is sent to find out. */
      readonly type: 'online';
    }
  | {
      /** All requests of a paused upload have ended. */
      readonly type: 'paused';
    }
  | {
      /** The upload continues after a pause. */
      readonly type: 'resumed';
    }
  | {
      /** All parts are confirmed, and Complete is about to be sent. */
      readonly type: 'completing';
    }
  | {
      /** The object is stored and proven. The last event. */
      readonly type: 'completed';
      /** The proven object. */
      readonly object: UploadedObject;
    }
  | {
      /** The upload has failed or was aborted. The last event. */
      readonly type: 'failed';
      /** The error that `result` rejects with. */
      readonly error: UploadError;
    }
  | {
      /** Something may remain: parts in OSS, which it bills, or a checkpoint or its lock. */
      readonly type: 'cleanup-failed';
      /** Why it could not be removed. */
      readonly error: UploadError;
    };
