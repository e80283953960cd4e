import { chmod, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../platform/clock.ts';
import { errorMessage, exists } from '../platform/files.ts';
import { sealedId, sealName } from '../shared/seal.ts';
import { formatCount, formatDuration, formatSize } from '../shared/units.ts';
import type { RunRecord } from '../state/run-record.ts';
import { runProcess } from '../platform/process.ts';
import { attackSnapshot, fingerprint, type StolenKey } from './attacker.ts';
import { flipByte } from './bad-disk.ts';
import { setUpController, type Controller } from './controller.ts';
import { layLine, type Line } from './line.ts';
import { DemoError, startPrivateSshd } from './private-sshd.ts';
import { makeSampleSource, type SampleSource } from './sample-source.ts';
import { setUpSecondary, type DemoSecondary } from './secondary.ts';

/** Shows the demo's progress. */
export interface Stage {
  step(title: string): void;
  /** `good`: a success; `bad`: a staged fault that was found; `plain`: a fact. */
  say(kind: 'good' | 'bad' | 'plain', text: string): void;
  criterion(met: boolean, text: string): void;
}

/** What the demo needs. */
export interface DemoSpec {
  readonly stage: Stage;
  readonly clock: Clock;
  readonly keep: boolean;
  /** How this program is started. */
  readonly program: readonly string[];
  readonly signal: AbortSignal;
}

/** The three acceptance criteria, each set only from what was observed. */
interface Observed {
  /** In addition to the three: somebody with the key can only add. */
  onlyAdds: boolean;
  prunes: boolean;
  transferred: boolean;
  verified: boolean;
  brokenCleanly: boolean;
}

interface Scene {
  readonly stage: Stage;
  readonly controller: Controller;
  readonly source: SampleSource;
  readonly line: Line;
  readonly secondary: DemoSecondary;
  /** The job's directory on the secondary. */
  readonly stored: string;
  readonly key: StolenKey;
  /** A directory that does not exist yet. */
  readonly lair: string;
  readonly observed: Observed;
}

const ARCHIVE_BYTES = 24 * 1024 * 1024;

/**
 * Plays the whole story on this machine, with a real sshd, rsync and rrsync on loopback.
 * @returns whether all acceptance criteria were met
 * @throws DemoError when something that it needs is missing
 */
export async function playDemo(spec: DemoSpec): Promise<boolean> {
  const { stage, clock, keep } = spec;
  const directory = await mkdtemp(join(tmpdir(), 'offsite-demo-')).catch((error: unknown) => {
    throw new DemoError(`No temporary directory can be made: ${errorMessage(error)}. Set TMPDIR to another place.`);
  });
  const observed: Observed = {
    onlyAdds: false,
    prunes: false,
    transferred: false,
    verified: false,
    brokenCleanly: false,
  };
  const closers: (() => Promise<void>)[] = [];
  try {
    stage.step('A secondary of its own: sshd on loopback, fresh keys, the gate as forced command');
    await chmod(directory, 0o711); // the secondary's account passes through; everything below is closed to others
    const [vault, primary] = [join(directory, 'vault'), join(directory, 'primary')];
    for (const path of [primary, join(directory, 'ssh')]) await mkdir(path, { mode: 0o700 });
    await mkdir(vault, { mode: 0o711 });
    const line = await layLine();
    closers.push(line.close);
    const sshd = await startPrivateSshd(join(directory, 'ssh'), line.port, clock);
    closers.push(sshd.stop);
    line.connectTo(sshd.port);
    const secondary = await setUpSecondary(vault, spec.program, 'shop');
    await sshd.authorize(secondary.forcedCommand);
    stage.say('plain', 'command="offsite-gate primary1",restrict ssh-ed25519 …');
    stage.say('plain', `gate and prune run as ${secondary.account}; snapshots are in ${secondary.stored}`);
    const source = await makeSampleSource(join(primary, 'backups'));
    const { user, keyFile, knownHostsFile } = sshd;
    const key = { port: line.port, user, keyFile, knownHostsFile };
    const common = { ...key, directory: primary, source: source.directory, program: spec.program };
    const controller = await setUpController({ ...common, secondary: 'gate', signal: spec.signal });
    const { stored } = secondary;
    const scene: Scene = {
      stage,
      controller,
      source,
      line,
      secondary,
      stored,
      key,
      lair: join(directory, 'lair'),
      observed,
    };
    for (const act of [firstPush, secondPush, flippedByte, cutLine, resumedRun, stolenKey, prune]) {
      if (spec.signal.aborted) return false;
      await act(scene);
    }
    if (spec.signal.aborted) return false;
    stage.step('The three acceptance criteria, as observed in this run');
    stage.criterion(observed.transferred, 'a test backup is transferred to the secondary');
    stage.criterion(observed.verified, 'its integrity is verified on the other side, and damage there is found');
    stage.criterion(observed.brokenCleanly, 'a broken connection ends the process cleanly: exit code, message, alert');
    stage.step('And beyond them');
    stage.criterion(observed.onlyAdds, 'whoever has the key can only add: nothing old was rewritten, deleted or read');
    stage.criterion(observed.prunes, 'the secondary prunes by itself, and says why');
    if (keep) stage.say('plain', `Kept: ${directory}`);
    return Object.values(observed).every(Boolean);
  } catch (error) {
    if (spec.signal.aborted) return false; // the current step was aborted, so its result means nothing
    throw error;
  } finally {
    for (const close of closers.reverse()) await close();
    if (!keep) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function firstPush({ stage, controller, stored, observed, key }: Scene): Promise<void> {
  stage.step('The first push: everything goes over');
  const { record, code } = await controller.run();
  if (!tellRun(stage, record) || record.snapshot === null) {
    throw new DemoError(
      `The rest of the story needs this push. Can the account ${key.user} log in here by ssh (a shell in /etc/passwd, no locked password)?`,
    );
  }
  const sealed = await exists(join(stored, sealName(record.snapshot)));
  const arrived = await exists(join(stored, record.snapshot, 'dumps', 'users.sql'));
  observed.transferred = code === 0 && arrived && sealed;
}

async function secondPush({ stage, controller, source, stored }: Scene): Promise<void> {
  stage.step('A day later: a dump with a new name, two files changed, one added');
  await source.advance();
  const { record } = await controller.run();
  if (!tellRun(stage, record) || record.snapshot === null) return;
  const linked = await stat(join(stored, record.snapshot, 'dumps', 'users.sql')).catch(() => undefined);
  if (linked && linked.nlink > 1)
    stage.say('plain', `dumps/users.sql is one file on the secondary's disk with ${linked.nlink} names`);
}

async function flippedByte({ stage, controller, stored, observed }: Scene): Promise<void> {
  stage.step('Somebody, or a bad disk, flips one byte on the secondary: same size, same mtime');
  const before = await controller.verify();
  if (before.code === 0)
    stage.say('good', `before: ${formatCount(before.report.files, 'file')} read on both sides, identical`);
  const newest =
    (await readdir(stored))
      .filter((name) => name.endsWith('Z'))
      .sort()
      .at(-1) ?? '';
  const victim = join(stored, newest, 'dumps', 'users.sql');
  await flipByte(victim, 1234);
  const damaged = await controller.verify();
  const found = damaged.report.comparison?.differences.filter(({ kind }) => kind === 'corruption') ?? [];
  for (const { name } of found) stage.say('bad', `found: ${name} is corrupt (exit ${damaged.code})`);
  observed.verified = before.code === 0 && damaged.code === 20 && found.length === 1;
  await flipByte(victim, 1234);
}

async function cutLine({ stage, controller, source, line, observed }: Scene): Promise<void> {
  stage.step('The line is cut in the middle of a transfer');
  await source.addArchive(ARCHIVE_BYTES);
  const earlier = (await controller.alerts()).length;
  line.cutAfter(ARCHIVE_BYTES * 0.6);
  const { record, code } = await controller.run();
  stage.say('bad', `exit ${code} after ${formatDuration(record.durationMs)}: ${record.reason}`);
  const alerts = (await controller.alerts()).slice(earlier).filter(({ event }) => event === 'failure');
  for (const { subject } of alerts) stage.say('bad', `alert: ${subject}`);
  observed.brokenCleanly = line.isCut() && code === 12 && record.reason !== '' && alerts.length === 1;
}

async function resumedRun({ stage, controller, line }: Scene): Promise<void> {
  stage.step('The line is back: the next run resumes');
  line.mend();
  const { record } = await controller.run();
  if (!tellRun(stage, record)) return;
  const matched = record.transfer?.matchedBytes ?? 0;
  if (matched > 0)
    stage.say('good', `${formatSize(matched)} were there already from the broken attempt and were not sent again`);
  const recovered = (await controller.alerts()).at(-1);
  if (recovered?.event === 'recovery') stage.say('good', `alert: ${recovered.subject}`);
}

async function stolenKey({ stage, stored, key, lair, observed }: Scene): Promise<void> {
  stage.step('Somebody breaks into the primary and steals the key');
  const oldest = (await sealedIds(stored))[0];
  if (oldest === undefined) return;
  const before = await fingerprint(join(stored, oldest));
  const attempts = await attackSnapshot(key, lair, 'shop', oldest);
  for (const { what, refused, answer } of attempts) stage.say(refused ? 'good' : 'bad', `${what}: ${answer}`);
  const unchanged = before === (await fingerprint(join(stored, oldest)));
  if (unchanged) stage.say('good', `${oldest} is what it was, to the byte, mode, owner and time`);
  observed.onlyAdds = unchanged && attempts.length === 3 && attempts.every(({ refused }) => refused);
}

async function prune({ stage, secondary, stored, observed }: Scene): Promise<void> {
  stage.step('The secondary prunes by its own policy and clock: keep the newest, and the first of two months');
  const [program = '', ...args] = secondary.prune;
  const say = (line: string) => stage.say('plain', line);
  const end = await runProcess({ program, args, onStdoutLine: say, onStderrLine: say });
  observed.prunes = end.kind === 'exited' && end.code === 0 && (await sealedIds(stored)).length === 2;
}

/** Names of the sealed snapshots, oldest first. */
async function sealedIds(stored: string): Promise<string[]> {
  const names = await readdir(stored);
  return names.flatMap((name) => sealedId(name) ?? []).sort();
}

function tellRun(stage: Stage, record: RunRecord): boolean {
  const { transfer, verification } = record;
  if (record.outcome !== 'done' || !transfer) {
    stage.say('bad', `${record.outcome} (exit ${record.exitCode}): ${record.reason}`);
    return false;
  }
  stage.say('good', `secured as ${record.snapshot ?? ''} in ${formatDuration(record.durationMs)}`);
  const linked = transfer.linkedFiles > 0 ? `, ${transfer.linkedFiles} hard-linked` : '';
  stage.say('plain', `${transfer.newFiles} new, ${transfer.changedFiles} changed${linked}`);
  stage.say('plain', `${formatSize(transfer.sentBytes)} over the wire for ${formatSize(record.bytes)} of backup`);
  if (verification) {
    stage.say(
      'plain',
      `verified: ${formatCount(record.files, 'file')} read on both sides (${verification.algorithm}), and the canary was seen`,
    );
  }
  return true;
}
