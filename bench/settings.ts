const MIB = 1024 ** 2;

/** The amount of data and the number of rounds. */
export interface Scale {
  readonly name: 'full' | 'quick';
  readonly rounds: number;
  /** The size of the file that is sent, in bytes. */
  readonly fileSize: number;
  /** The size of the file that the same process sends first, in bytes. */
  readonly warmUpSize: number;
  readonly checksumSize: number;
  readonly presigns: number;
  readonly smallFiles: number;
  readonly linkRounds: number;
  readonly linkFileSize: number;
  readonly linkPartSize: number;
  readonly linkConcurrencies: readonly (number | 'auto')[];
}

/** The scale to which the targets apply. */
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

/** Shows in less than two minutes that everything runs, with rough figures. */
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
