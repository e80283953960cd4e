import { pipeline } from 'node:stream/promises';
import { errorCode } from '../../platform/files.ts';
import { parseNames } from '../../restore/names.ts';
import { fetchFile } from '../../restore/one-file.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../selection.ts';
import { withSource, type SourceOptions } from './open-source.ts';

/** Options of `offsite-rsync cat`. */
export interface CatOptions extends SourceOptions {
  readonly snapshot: string;
  readonly incomplete?: boolean;
}

/**
 * `offsite-rsync cat JOB PATH`: writes one file to standard output, once it has arrived whole, and nothing else.
 * @returns 0 when it was written
 */
export function cat(job: string, path: string, options: CatOptions, context: Context): Promise<number> {
  return withSource(job, options, context, async ({ source, choose, deps }) => {
    const [name] = parseNames([path]);
    if (name === undefined) throw new UsageError(`"${path}" is everything: name one file.`);
    const snapshot = choose(options.snapshot, options.incomplete);
    const { file, proved } = await fetchFile({ source, job, snapshot }, name, deps);
    if (!proved)
      context.log(
        'warning',
        `${job}, ${snapshot.id} has no manifest: the file is as it is stored now, and damage there would not show`,
      );
    try {
      await pipeline(file.createReadStream({ start: 0 }), process.stdout, { end: false });
    } catch (error) {
      // A reader that has seen enough (`| head`) is no failure.
      if (errorCode(error) !== 'EPIPE') throw error;
    }
    return 0;
  });
}
