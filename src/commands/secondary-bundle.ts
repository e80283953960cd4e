import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { IncompletePackageError, secondaryArchive } from '../bundle/secondary-archive.ts';
import { errorCode, errorMessage, writeFileAtomic } from '../platform/files.ts';
import { UnfitFileError } from '../platform/regular-file.ts';
import { version } from '../shared/version.ts';
import type { Context } from './context.ts';
import { UsageError } from './selection.ts';

/** Options of `offsite-rsync secondary-bundle`. */
export interface SecondaryBundleOptions {
  /** The file to write. */
  readonly output?: string;
}

/**
 * `offsite-rsync secondary-bundle`: the archive that sets up a secondary without npm and without a build.
 * @returns 0
 * @throws UsageError when this installation lacks the programs of the secondary, or the file cannot be written
 */
export async function secondaryBundle(options: SecondaryBundleOptions, context: Context): Promise<number> {
  const name = `offsite-rsync-secondary-${version}`;
  const path = resolve(options.output ?? `${name}.tar.gz`);
  // Beside the file itself, not beside a link to it.
  const root = dirname(dirname(realpathSync(process.argv[1] ?? '')));
  const archive = await secondaryArchive(root, name).catch((error: unknown) => {
    if (!(error instanceof IncompletePackageError)) throw error;
    throw new UsageError(
      `The archive cannot be made from this installation: ${error.message}. Every release has it, too: ${name}.tar.gz`,
    );
  });
  try {
    await writeFileAtomic(path, archive, 0o644);
  } catch (error) {
    if (error instanceof UnfitFileError) throw new UsageError(`The archive cannot be written: ${error.message}`);
    if (errorCode(error) === undefined) throw error;
    throw new UsageError(`The archive cannot be written to ${path}: ${errorMessage(error)}`);
  }
  context.out(`${path}: the programs of a secondary, their units, manual and installer.
On the secondary, as root: tar -xzf ${name}.tar.gz && ${name}/install.sh --help
`);
  return 0;
}
