import { readSync } from 'node:fs';
import { statfs } from 'node:fs/promises';

/**
 * Reads what the system has in memory, or fetches in a moment, without a journey to another thread: on a
 * virtual machine that costs as much as the copy itself.
 */
export interface QuickReads {
  /**
   * Fills the start of `buffer`, and gives how many bytes that are. It is fewer than all where a read was not
   * quick, where this turn of the event loop has read its share, and where a read failed: whoever reads the
   * rest elsewhere meets that failure again.
   */
  fill(fd: number, buffer: Uint8Array, position: number): number;
}

/** What one read takes: from a slow disk, too, no more than the time in which the event loop may stand. */
const PIECE_SIZE = 256 * 1024;
/** A piece that took longer came from a disk that others need not wait for. */
const QUICK_MS = 1;
/** So much is read elsewhere then, and twice as much each time that it was not quick again. */
const PAUSE_MIN = 64 * 1024 ** 2;
const PAUSE_MAX = 4 * 1024 ** 3;
/** Of one turn of the event loop, whoever asks: others have work in it, too. */
const TURN_SIZE = 8 * 1024 ** 2;

export function createQuickReads(now: () => number = () => performance.now()): QuickReads {
  let pauseSize = PAUSE_MIN;
  let toPass = 0;
  let readThisTurn = 0;

  function readPiece(fd: number, buffer: Uint8Array, position: number): number {
    if (readThisTurn === 0) {
      setImmediate(() => {
        readThisTurn = 0;
      });
    }
    readThisTurn += buffer.length;
    try {
      return readSync(fd, buffer, 0, buffer.length, position);
    } catch {
      return 0;
    }
  }

  return {
    fill(fd, buffer, position) {
      if (toPass > 0) {
        toPass -= buffer.length;
        return 0;
      }
      let filled = 0;
      while (filled < buffer.length && readThisTurn < TURN_SIZE) {
        const piece = buffer.subarray(filled, filled + PIECE_SIZE);
        const startedAt = now();
        const size = readPiece(fd, piece, position + filled);
        filled += size;
        if (now() - startedAt > QUICK_MS) {
          toPass = pauseSize;
          pauseSize = Math.min(2 * pauseSize, PAUSE_MAX);
          return filled;
        }
        if (size < piece.length) break;
      }
      if (filled > 0) pauseSize = PAUSE_MIN;
      return filled;
    },
  };
}

/** Of all files of the process: they wait for the same disk, mostly, and for the same event loop. */
export const sharedQuickReads: QuickReads = createQuickReads();

/**
 * Whether a file lies on a disk of this machine, as far as Linux says so: a read of it may take a moment, but
 * waits for no network and no other process.
 */
export async function isOnLocalDisk(path: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  return await statfs(path).then(
    ({ type }) => LOCAL_FILE_SYSTEMS.has(type),
    () => false,
  );
}

/** As statfs(2) has them: ext2 to ext4, XFS, Btrfs, F2FS, ZFS, overlayfs, tmpfs. */
const LOCAL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0x794c7630, 0x01021994,
]);
