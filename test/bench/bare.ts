import { PUSH } from '../support/push-options.ts';
import { checkArguments, pushArguments, type Wire } from '../../src/rsync/arguments.ts';
import { looksIntoFiles } from '../../src/run/attempt/progress.ts';
import { nextSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import type { DataSet } from './data-set.ts';
import type { Command } from './measure.ts';
import { ALIAS, type Bench } from './secondary.ts';

/**
 * The bare commands behind a run: rsync with the same options to a plain rrsync, twice, as in a simple script. Each
 * opens its own ssh connection.
 */
export interface Bare {
  /** Push and verification of the next snapshot. */
  next(): Command[];
}

/** Makes the bare commands of one job. */
export function bareCommands(bench: Bench, data: DataSet, job: string): Bare {
  let last: SnapshotId | undefined;
  const wire: Wire = {
    remoteShell: bench.remoteShell('rrsync'),
    alias: ALIAS,
    secondary: 'rrsync',
    metadata: 'fake_super',
    hardLinks: true,
    compress: true,
    timeoutSeconds: 300,
    stallMs: 900_000,
  };
  const environment = { LC_ALL: 'C', TZ: 'UTC' };
  return {
    next: () => {
      const id = nextSnapshotId(new Date(), last);
      const bases = last === undefined ? [] : [last];
      last = id;
      const tree = { source: data.directory, job, id, exclude: [] };
      const push = pushArguments(wire, tree, {
        ...PUSH,
        bases,
        progress: looksIntoFiles(data),
      });
      const check = checkArguments(wire, tree, { extras: false });
      return [
        { argv: ['rsync', ...push], env: environment },
        { argv: ['rsync', ...check], env: environment },
      ];
    },
  };
}
