import { readFile } from 'node:fs/promises';
import { errorMessage, isMissing } from '../../../src/platform/files.ts';
import { bad, good, unseen, type Finding } from './finding.ts';

/**
 * Checks every key of an account.
 * @param paths where sshd looks for them; not all have to exist
 */
export async function checkKeys(host: string, paths: readonly string[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const path of paths) {
    try {
      findings.push(...judgeKeys(await readFile(path, 'utf8'), host, path));
    } catch (error) {
      if (!isMissing(error)) findings.push(unseen(`${path} cannot be read by this user: ${errorMessage(error)}`));
    }
  }
  if (findings.length > 0) return findings;
  return [bad(`no key may push: none of ${paths.join(', ')} exists`, `Add: ${authorizedKeysLine(host)}`)];
}

/** The line of authorized_keys that belongs to a host. */
export function authorizedKeysLine(host: string): string {
  return `command="/usr/local/bin/offsite-gate ${host}",restrict ssh-ed25519 AAAA… `.trimEnd();
}

/** Judges the lines of an authorized_keys file: every key must lead to the gate and to nothing else. */
export function judgeKeys(text: string, host: string, path: string): Finding[] {
  const findings = text.split('\n').flatMap((line, index): Finding[] => {
    if (/^\s*(#|$)/.test(line)) return [];
    const at = `${path}, line ${index + 1}`;
    const fix = `Write: ${authorizedKeysLine(host)}`;
    const options = optionsOf(line);
    const command = /(?:^|,)command="((?:[^"\\]|\\.)*)"/.exec(options)?.[1] ?? '';
    const words = command.split(' ');
    if (!/(^|\/)offsite-gate(\.mjs)?( --config \S+)? \S+$/.test(command)) {
      return [bad(`${at}: this key does not lead to offsite-gate`, fix)];
    }
    if (words.at(-1) !== host) return [bad(`${at}: this key leads to host ${words.at(-1) ?? ''}, not to ${host}`, fix)];
    const bare = options.replace(/"(?:[^"\\]|\\.)*"/g, '""').split(',');
    if (!bare.includes('restrict')) return [bad(`${at}: \`restrict\` is missing`, fix)];
    const opened = bare.filter((option) => /^(pty|(port|agent|X11)-forwarding|user-rc)$/i.test(option));
    if (opened.length > 0) return [bad(`${at}: ${opened.join(', ')} gives back what \`restrict\` took`, fix)];
    return [good(`${at}: leads to the gate and to nothing else`)];
  });
  return findings.length > 0 ? findings : [bad(`${path} has no key`, `Add: ${authorizedKeysLine(host)}`)];
}

/** The options in front of the key type; blanks inside quotes belong to them. */
function optionsOf(line: string): string {
  const match = /^((?:[^\s"]|"(?:[^"\\]|\\.)*")+)\s+\S/.exec(line.trim());
  const first = match?.[1] ?? '';
  return /^(ssh-|ecdsa-|sk-)/.test(first) ? '' : first;
}
