import { execFileSync } from 'node:child_process';
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotId } from '../../../src/shared/snapshot-id.ts';
import { startGateHost } from '../../ssh/support/gate-host.ts';
import { ALIAS } from '../../support/sshd.ts';
import { startWatch } from '../siege/watch.ts';
import { SEALED, type Attack } from './attacks.ts';
import { HostileSender } from './hostile-sender.ts';

/** Letters of a push, as a stock client sends them. */
export const LETTERS = { fake_super: 'lHogDtpAr', plain: 'lHDtpr' } as const;

/** One session of a sender of our own making. */
export interface HostileSession {
  readonly attack: Attack;
  /** Letters after `-`. */
  readonly letters: string;
  /** Letters after `e.`. */
  readonly capabilities: string;
  /** 27 to 32; the newest, 31 and 32, are alike in what is sent here. */
  readonly protocol?: number;
  /** Milliseconds that it may take if the other side does not end it; 4000 unless told. */
  readonly patience?: number;
}

/** What came of a session. */
export interface SessionResult {
  /** Whether a list could be sent at all. */
  readonly letIn: boolean;
  /** What the other side said to people. */
  readonly said: string;
  /** What is different in the sealed snapshot, line by line; empty if nothing is. */
  readonly changed: readonly string[];
}

/** A secondary with one sealed snapshot, which the attacks are aimed at. */
export interface AttackedSecondary {
  /** With the push key, through sshd and the gate. */
  throughGate(session: HostileSession): Promise<SessionResult>;
  /** With rrsync alone and no option taken away, in a copy of the snapshot: what the gate once let through. As root. */
  throughRrsync(session: HostileSession): Promise<SessionResult>;
  stop(): Promise<void>;
}

/**
 * Starts it.
 * @param rsync path of the rsync that is `/usr/bin/rsync` there, and only there (as root); undefined for this machine's
 */
export async function startAttackedSecondary(
  metadata: 'fake_super' | 'plain',
  rsync?: string,
): Promise<AttackedSecondary> {
  const host = await startGateHost();
  await host.configure({ metadata, gate: { attempts_per_day: 1000 } });
  const { account, directory, pid, remoteShell } = host.sshd;
  const enter = ['nsenter', '--mount', '--target', `${pid}`];
  if (rsync !== undefined) execFileSync(enter[0]!, [...enter.slice(1), 'mount', '--bind', rsync, '/usr/bin/rsync']);
  await mkdir(join(host.source, 'b'));
  for (const name of ['one', 'two']) {
    await writeFile(join(host.source, 'b', name), SEALED.content, { mode: SEALED.mode });
    await utimes(join(host.source, 'b', name), SEALED.mtime, SEALED.mtime);
  }
  const sealed: SnapshotId = await host.store();
  const snapshot = join(host.jobDirectory, sealed);
  // The snapshot and its seal; attempts come and go beside them.
  const free = `^(?!${sealed}(\\.sealed)?(/|$))`;
  const watch = await startWatch({ directory: host.jobDirectory, free, loose: '^$' });
  const copies = join(directory, 'copies');

  async function attacked(words: readonly string[], to: string, basis: string, session: HostileSession) {
    const { attack, letters, capabilities, protocol = 31, patience = 4000 } = session;
    const commandLine = [
      `rsync --server -${letters}e.${capabilities} --partial --timeout=10`,
      ...(metadata === 'fake_super' ? ['--numeric-ids --fake-super'] : []),
      `${basis} . ${to}`,
    ].join(' ');
    try {
      const sender = await HostileSender.connect({ remoteShell: words, protocol, letters, commandLine });
      await Promise.race([attack(sender), new Promise((resolve) => setTimeout(resolve, patience))]);
      return { letIn: true, said: (await sender.end(patience)).said };
    } catch (error) {
      return { letIn: false, said: (error as Error).message };
    }
  }

  return {
    throughGate: async (session) => {
      const result = await attacked(
        [...remoteShell, ALIAS],
        `db/${host.nextId()}/`,
        `--compare-dest /db/${sealed}/`,
        session,
      );
      return { ...result, changed: await watch.changes() };
    },
    throughRrsync: async (session) => {
      await rm(copies, { recursive: true, force: true });
      execFileSync('cp', ['-a', snapshot, copies]);
      execFileSync('mkdir', ['-p', join(copies, 'old')]);
      execFileSync('mv', [join(copies, 'b'), join(copies, 'old')]);
      execFileSync('chown', ['-R', `${account.uid}:${account.gid}`, copies]);
      const copy = await startWatch({ directory: join(copies, 'old') });
      const own = ['setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'];
      const rrsync = `SSH_ORIGINAL_COMMAND="$1" exec rrsync -wo -munge -no-lock -no-del ${copies}`;
      const result = await attacked([...enter, ...own, 'sh', '-c', rrsync, 'sh'], 'new/', '--link-dest /old/', session);
      const changed = await copy.changes();
      await copy.stop();
      return { ...result, changed };
    },
    stop: async () => {
      await watch.stop();
      await host.stop();
    },
  };
}
