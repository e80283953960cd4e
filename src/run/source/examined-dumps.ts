import { lstat } from 'node:fs/promises';
import type { DumpFinding } from '../../dumps/check-ends.ts';

/** What the dumps that were examined are like: a job with several targets has each of its dumps read once. */
export interface ExaminedDumps {
  /**
   * What is known of a file, or what an examination finds now. A file that was changed meanwhile is another one.
   * @param kind what is examined of it
   * @throws what the examination throws
   */
  find(path: Buffer, kind: string, examine: () => Promise<DumpFinding>): Promise<DumpFinding>;
}

/** Makes an {@link ExaminedDumps} that knows nothing yet. */
export function createExaminedDumps(): ExaminedDumps {
  const findings = new Map<string, Promise<DumpFinding>>();
  return {
    find: async (path, kind, examine) => {
      const stats = await lstat(path, { bigint: true }).catch(() => undefined);
      if (stats === undefined) return examine();
      const key = [kind, stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ');
      // An examination that was ended by another run's signal says nothing.
      const known = await findings.get(key)?.catch(() => undefined);
      if (known !== undefined) return known;
      const finding = examine();
      findings.set(key, finding);
      return finding;
    },
  };
}
