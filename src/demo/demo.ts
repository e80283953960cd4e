import { mkdir, mkdtemp, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../platform/clock.ts';
import { formatCount, formatDuration, formatSize } from '../shared/units.ts';
import type { RunRecord } from '../state/run-record.ts';
import { setUpController, type Controller } from './controller.ts';
import { layLine, type Line } from './line.ts';
import { startPrivateSshd } from './private-sshd.ts';
import { makeSampleSource, type SampleSource } from './sample-source.ts';

/** Shows the demo's progress. */
export interface Stage {
  step(title: string): void;
  /** `good`: as hoped; `bad`: as staged (a fault that was found); `plain`: a fact. */
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

/** The three acceptance criteria, each set only by what was observed. */
interface Observed {
  transferred: boolean;
  verified: boolean;
  brokenCleanly: boolean;
}

interface Scene {
  readonly stage: Stage;
  readonly controller: Controller;
  readonly source: SampleSource;
  readonly line: Line;
  /** The job's directory on the secondary. */
  readonly stored: string;
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
  const directory = await mkdtemp(join(tmpdir(), 'offsite-demo-'));
  const observed: Observed = { transferred: false, verified: false, brokenCleanly: false };
  const closers: (() => Promise<void>)[] = [];
  try {
    stage.step('A secondary of its own: sshd on loopback, fresh keys, one restricted entry in authorized_keys');
    const [vault, primary] = [join(directory, 'vault'), join(directory, 'primary')];
    for (const path of [vault, primary, join(directory, 'ssh')]) await mkdir(path, { mode: 0o700 });
    const line = await layLine();
    closers.push(line.close);
    const sshd = await startPrivateSshd(join(directory, 'ssh'), line.port, clock);
    closers.push(sshd.stop);
    line.connectTo(sshd.port);
    const forced = `rrsync -wo -no-del -munge ${vault}`;
    await sshd.authorize(forced);
    stage.say('plain', `command="${forced}",restrict ssh-ed25519 …`);
    const source = await makeSampleSource(join(primary, 'backups'));
    const { user, keyFile, knownHostsFile } = sshd;
    const { program } = spec;
    const common = {
      directory: primary,
      source: source.directory,
      port: line.port,
      user,
      keyFile,
      knownHostsFile,
      program,
    };
    const controller = await setUpController({ ...common, secondary: 'rrsync' });
    const scene: Scene = { stage, controller, source, line, stored: join(vault, 'shop'), observed };
    for (const act of [firstPush, secondPush, flippedByte, cutLine, resumedRun]) {
      if (spec.signal.aborted) return false;
      await act(scene);
    }
    if (spec.signal.aborted) return false;
    stage.step('The three acceptance criteria, as observed in this run');
    stage.criterion(observed.transferred, 'a test backup is transferred to the secondary');
    stage.criterion(observed.verified, 'its integrity is verified on the other side, and damage there is found');
    stage.criterion(observed.brokenCleanly, 'a broken connection ends the process cleanly: exit code, message, alert');
    if (keep) stage.say('plain', `Kept: ${directory}`);
    return observed.transferred && observed.verified && observed.brokenCleanly;
  } finally {
    for (const close of closers.reverse()) await close();
    if (!keep) await rm(directory, { recursive: true, force: true });
  }
}

async function firstPush({ stage, controller, stored, observed }: Scene): Promise<void> {
  stage.step('The first push: everything goes over');
  const { record, code } = await controller.run();
  if (!tellRun(stage, record) || record.snapshot === null) return;
  const sealed = await exists(join(stored, `${record.snapshot}.sealed`));
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
  const cut = line.cutAfter(ARCHIVE_BYTES * 0.6);
  const { record, code } = await controller.run();
  if (code === 0) return;
  await cut;
  stage.say('bad', `exit ${code} after ${formatDuration(record.durationMs)}: ${record.reason}`);
  const alerts = (await controller.alerts()).slice(earlier).filter(({ event }) => event === 'failure');
  for (const { subject } of alerts) stage.say('bad', `alert: ${subject}`);
  observed.brokenCleanly = code === 12 && record.reason !== '' && alerts.length === 1;
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

/** Inverts one byte and puts the times back, as a bad disk would. */
async function flipByte(path: string, at: number): Promise<void> {
  const { atime, mtime } = await stat(path);
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    await file.write(Buffer.of((byte[0] ?? 0) ^ 0xff), 0, 1, at);
  } finally {
    await file.close();
  }
  await utimes(path, atime, mtime);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
