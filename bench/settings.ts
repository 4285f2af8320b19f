const MIB = 1024 ** 2;

/** How much is measured. */
export interface Scale {
  readonly name: 'full' | 'quick';
  readonly rounds: number;
  /** Of the file that is sent, and of what CRC64 is taken of. */
  readonly fileSize: number;
  /** Sent first, by the same process. */
  readonly warmUpSize: number;
  readonly checksumSize: number;
  readonly presigns: number;
  readonly smallFiles: number;
  readonly linkRounds: number;
  readonly linkFileSize: number;
  readonly linkPartSize: number;
  readonly linkConcurrencies: readonly (number | 'auto')[];
}

/** Those of the claims. */
export const FULL: Scale = {
  name: 'full',
  rounds: 5,
  fileSize: 2048 * MIB,
  warmUpSize: 512 * MIB,
  checksumSize: 1024 * MIB,
  presigns: 50_000,
  smallFiles: 10_000,
  linkRounds: 2,
  linkFileSize: 128 * MIB,
  linkPartSize: 4 * MIB,
  linkConcurrencies: [5, 8, 16, 32, 'auto'],
};

/** Shows that everything runs, and roughly where it stands, in less than two minutes. */
export const QUICK: Scale = {
  name: 'quick',
  rounds: 1,
  fileSize: 256 * MIB,
  warmUpSize: 64 * MIB,
  checksumSize: 128 * MIB,
  presigns: 5000,
  smallFiles: 1000,
  linkRounds: 1,
  linkFileSize: 16 * MIB,
  linkPartSize: MIB / 2,
  linkConcurrencies: [5, 16, 'auto'],
};
