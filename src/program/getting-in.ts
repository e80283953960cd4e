import type { InitOptions } from '../commands/init/init.ts';
import { withExamples } from '../shared/examples.ts';
import { configOption, type Declare } from './declaring.ts';

/** How a host becomes a primary. Each question can be answered by a flag. */
export const declareGettingIn: Declare = (program, perform) => {
  withExamples(
    program
      .command('init')
      .description('set this host up: asks, writes what is missing, prints what the secondary needs, ends with doctor')
      .option('-t, --target <name>', 'a name for the secondary, for messages')
      .option('--secondary <kind>', 'what guards it: gate (append-only) or rrsync')
      .option('--host <address>', 'its address; not seen by others in the variable VAULT_HOST (for --target vault)')
      .option('--port <number>', 'the port of its sshd, or VAULT_PORT')
      .option('--user <account>', 'the account there, or VAULT_USER')
      .option('--proxy-jump <[user@]host[:port]>', 'a host on the way to it, or VAULT_JUMP')
      .option('--source <dir>', 'the directory that the local backup writes to')
      .option('-j, --job <name>', 'a name for this job')
      .option('-b, --backup-unit <unit>', 'the service that makes the backup')
      .option('--due <cron>', 'when a backup is due, such as "15 2 * * *"')
      .option('--ntfy-url <url>', 'an ntfy topic that is told of failures, or NTFY_URL')
      .option('--state-dir <dir>', 'where history and state are kept, if not in the usual place')
      .option('-y, --yes', 'ask nothing: what is not given is what is usual')
      .option('--host-key-fingerprint <SHA256:…>', 'trust this host key, as ssh-keygen -l -f shows it on the secondary')
      .option('--jump-host-key-fingerprint <SHA256:…>', 'with --proxy-jump: the same for the host on the way')
      .option('--accept-new-host-key', 'trust the host key of whoever answers, without a comparison')
      .addOption(configOption())
      .action((options: InitOptions) =>
        perform(async (context) => (await import('../commands/init/init.ts')).init(options, context)),
      ),
    ['offsite-rsync init', 'answer its questions'],
    [
      'offsite-rsync init --yes --host vault.example.org --source /var/backups/postgres --host-key-fingerprint SHA256:abc',
      'for a script; VAULT_HOST in the environment keeps the address out of the process list',
    ],
  );
};
