import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { hostProblem, parseJump, parsePort, userProblem } from '../../config/endpoint-values.ts';
import { errorMessage, isMissing } from '../../platform/files.ts';
import { cronProblem } from '../../shared/schedule.ts';
import { isName, NAME_RULE } from '../../shared/names.ts';
import type { Question } from './ask.ts';

const nameProblem = (text: string): string | undefined => (isName(text) ? undefined : NAME_RULE);

/** The questions of `init`, in words. What is usual is filled in where it is known. */
export const QUESTIONS = {
  target: (usual: string): Question => ({
    flag: '--target NAME',
    message: 'A name for the secondary, for messages (not its address):',
    byDefault: usual,
    check: nameProblem,
  }),
  secondary: (): Question => ({
    flag: '--secondary gate|rrsync',
    message: 'What guards it? gate: our forced command, append-only. rrsync: any host with rsync.',
    byDefault: 'gate',
    choices: ['gate', 'rrsync'],
    check: (text) => (text === 'gate' || text === 'rrsync' ? undefined : 'gate or rrsync'),
  }),
  host: (): Question => ({
    flag: '--host ADDRESS',
    message: 'Its host name or address (this goes into the secrets file):',
    check: hostProblem,
  }),
  port: (): Question => ({
    flag: '--port NUMBER',
    message: 'The port of its sshd:',
    byDefault: '22',
    implied: '22',
    check: (text) => (parsePort(text) === undefined ? 'a port number from 1 to 65535' : undefined),
  }),
  user: (usual: string): Question => ({
    flag: '--user ACCOUNT',
    message: 'The account there (the installer makes it):',
    byDefault: usual,
    check: userProblem,
  }),
  proxyJump: (): Question => ({
    flag: '--proxy-jump [USER@]HOST[:PORT]',
    message: 'A host on the way to it:',
    check: (text) =>
      parseJump(text, 'nobody') === undefined
        ? 'one host on the way, [USER@]HOST[:PORT] (an IPv6 address in brackets)'
        : undefined,
  }),
  source: (): Question => ({
    flag: '--source DIR',
    message: 'The directory that the local backup writes to:',
    check: (text) => (text.startsWith('/') ? sourceProblem(text) : 'an absolute path, starting with /'),
  }),
  job: (source: string): Question => ({
    flag: '--job NAME',
    message: 'A name for this job:',
    byDefault: isName(basename(source)) ? basename(source) : undefined,
    check: nameProblem,
  }),
  backupUnit: (): Question => ({
    flag: '--backup-unit UNIT',
    message: 'The systemd service that makes the backup (empty: none, or later):',
    byDefault: '',
  }),
  due: (): Question => ({
    flag: '--due CRON',
    message: 'When a backup is due here, such as 15 2 * * * (empty: nobody is told when it stops coming):',
    byDefault: '',
    check: cronProblem,
  }),
  ntfyUrl: (): Question => ({
    flag: '--ntfy-url URL',
    message: 'An ntfy topic that is told of failures, https://… (empty: other channels, later):',
    byDefault: '',
    check: (text) => (/^https?:\/\/\S+\/\S+$/.test(text) ? undefined : 'a URL such as https://ntfy.sh/TOPIC'),
  }),
} as const;

/** What is wrong with a directory as a source, if anything. */
async function sourceProblem(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isDirectory() ? undefined : `${path} is not a directory`;
  } catch (error) {
    return isMissing(error) ? `${path} does not exist` : `${path} cannot be used: ${errorMessage(error)}`;
  }
}
