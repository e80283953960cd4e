import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { kindInState } from '../../store/state-kinds.ts';
import { bad, type Finding } from './finding.ts';

/**
 * Finds places of the gate's and prune's files and directories where there is something else. The gate names such a
 * place in its log, unless it is the log itself, and ignores it if it can do without the file.
 * @param state the host's state directory; if it cannot be read, nothing is found here, and another check reports it
 */
export async function checkState(state: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  const look = async (below: string): Promise<void> => {
    const entries = await readdir(join(state, below), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const place = join(below, entry.name);
      const kind = kindInState(place);
      if (kind === undefined) continue;
      const fits = kind === 'file' ? entry.isFile() : entry.isDirectory();
      if (!fits) findings.push(bad(`${join(state, place)} is ${whatIs(entry)}, and no ${kind}`, 'Move it away.'));
      else if (kind === 'directory') await look(place);
    }
  };
  await look('');
  return findings;
}

function whatIs(entry: Dirent): string {
  if (entry.isDirectory()) return 'a directory';
  if (entry.isSymbolicLink()) return 'a symbolic link';
  if (entry.isFile()) return 'a file';
  return entry.isFIFO() ? 'a named pipe' : 'a socket or device';
}
