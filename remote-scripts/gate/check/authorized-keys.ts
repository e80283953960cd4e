import { readFile } from 'node:fs/promises';
import { errorMessage, isMissing } from '../../../src/platform/files.ts';
import { authorizedKeysLine, forcedCommand } from '../../../src/shared/forced-command.ts';
import { bad, good, hint, unseen, type Finding } from './finding.ts';

/**
 * Checks every key of an account.
 * @param paths where sshd looks for them; not all have to exist
 * @param gate the words that start the gate here
 * @returns what was found, and whether one of the keys is a read key
 */
export async function checkKeys(
  host: string,
  paths: readonly string[],
  gate: string,
): Promise<{ readonly findings: Finding[]; readonly reads: boolean }> {
  const findings: Finding[] = [];
  let reads = false;
  for (const path of paths) {
    try {
      const text = await readFile(path, 'utf8');
      findings.push(...judgeKeys(text, host, path, gate));
      reads ||= text.split('\n').some(isReadLine);
    } catch (error) {
      if (!isMissing(error)) findings.push(unseen(`${path} cannot be read by this user: ${errorMessage(error)}`));
    }
  }
  if (findings.length > 0) return { findings, reads };
  const none = bad(`no key may push: none of ${paths.join(', ')} exists`, `Add: ${lineOf(host, gate)}`);
  return { findings: [none], reads };
}

/** The line of authorized_keys that belongs to a host. @param gate the words that start the gate here */
export function lineOf(host: string, gate: string): string {
  return authorizedKeysLine(forcedCommand('gate', 'push', { host, gate }), 'ssh-ed25519 AAAA…');
}

/** Whether a line of authorized_keys leads to the gate's reading session. */
function isReadLine(line: string): boolean {
  return READS.test(line) && !/^\s*#/.test(line);
}

/** Our program and nothing in front of it but a path and node: a shell could take the rest for a comment. */
const LEADS_TO_THE_GATE =
  /^(?:[^\s#]*\/node )?(?:[^\s#]*\/)?offsite-gate(?:\.mjs)?(?: --config [^\s#]+)?(?: --read)? [^\s#]+$/;

const READS = /\boffsite-gate(\.mjs)?( --config \S+)? --read /;

/** Judges the lines of an authorized_keys file: every key must lead to the gate and to nothing else, and none to both of its sides. */
export function judgeKeys(text: string, host: string, path: string, gate: string): Finding[] {
  const lines = text.split('\n');
  const findings = lines.flatMap((line, index): Finding[] => {
    if (/^\s*(#|$)/.test(line)) return [];
    const at = `${path}, line ${index + 1}`;
    const fix = `Write: ${lineOf(host, gate)}`;
    const options = optionsOf(line);
    const command = /(?:^|,)command="((?:[^"\\]|\\.)*)"/.exec(options)?.[1] ?? '';
    const words = command.split(' ');
    if (!LEADS_TO_THE_GATE.test(command)) {
      return [bad(`${at}: this key does not lead to offsite-gate`, fix)];
    }
    if (words.at(-1) !== host) return [bad(`${at}: this key leads to host ${words.at(-1) ?? ''}, not to ${host}`, fix)];
    const bare = options.replace(/"(?:[^"\\]|\\.)*"/g, '""').split(',');
    if (!bare.includes('restrict')) return [bad(`${at}: \`restrict\` is missing`, fix)];
    const opened = bare.filter((option) => /^(pty|(port|agent|X11)-forwarding|user-rc)$/i.test(option));
    if (opened.length > 0) return [bad(`${at}: ${opened.join(', ')} gives back what \`restrict\` took`, fix)];
    if (!isReadLine(line)) return [good(`${at}: leads to the gate and to nothing else`)];
    const twin = lines.findIndex((other, place) => place !== index && keyOf(other) === keyOf(line));
    return twin === -1
      ? [good(`${at}: reads sealed snapshots, and does nothing else`)]
      : [bad(`${at}: this key is that of line ${twin + 1} too, and sshd takes the first`, OTHER_KEY)];
  });
  const pushes = lines.some((line) => !/^\s*(#|$)/.test(line) && !isReadLine(line));
  if (findings.length > 0 && !pushes)
    findings.push(hint(`${path} has a read key alone: nothing can be pushed`, `Add: ${lineOf(host, gate)}`));
  return findings.length > 0 ? findings : [bad(`${path} has no key`, `Add: ${lineOf(host, gate)}`)];
}

const OTHER_KEY = 'Make a read key of its own (ssh-keygen -t ed25519) and remove this line.';

/** The key itself, without options and comment. */
function keyOf(line: string): string | undefined {
  return /(?:^|\s)((?:ssh|ecdsa|sk)-\S+ AAAA\S+)/.exec(line)?.[1];
}

/** The options in front of the key type; blanks inside quotes belong to them. */
function optionsOf(line: string): string {
  const match = /^((?:[^\s"]|"(?:[^"\\]|\\.)*")+)\s+\S/.exec(line.trim());
  const first = match?.[1] ?? '';
  return /^(ssh-|ecdsa-|sk-)/.test(first) ? '' : first;
}
