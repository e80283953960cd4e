import type { PushOptions, TransferSettings } from '../../src/rsync/arguments.ts';

/** A transfer without anything special: what a job without options of its own gets. */
export const TRANSFER: TransferSettings = { bandwidthLimit: undefined, fuzzy: true };

/** A push of that transfer, without a basis. */
export const PUSH: PushOptions = {
  transfer: TRANSFER,
  bases: [],
  unchanged: 'link',
  linksInNotes: false,
  list: undefined,
  dryRun: false,
  checksum: false,
  progress: false,
};
