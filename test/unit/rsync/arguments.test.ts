import { describe, expect, it } from 'vitest';
import {
  checkArguments,
  listArguments,
  pushArguments,
  sealArguments,
  type Wire,
} from '../../../src/rsync/arguments.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import { PUSH, TRANSFER } from '../../support/push-options.ts';
import fc from '../../support/properties.ts';

const id = parseSnapshotId('2026-11-23T021500Z')!;
const before = parseSnapshotId('2026-11-22T021500Z')!;
const broken = parseSnapshotId('2026-11-23T011500Z')!;

const wire: Wire = {
  remoteShell: ['ssh', '-F', '/run/x/ssh_config'],
  alias: 'vault',
  secondary: 'rrsync',
  metadata: 'fake_super',
  hardLinks: true,
  compress: true,
  timeoutSeconds: 300,
  stallMs: 900_000,
};
const tree = { source: '/var/backups/pg', job: 'postgres', id, exclude: [] as string[] };

describe('the arguments of a push', () => {
  it('to a plain secondary are exactly these', () => {
    expect(
      pushArguments(wire, tree, {
        ...PUSH,
        bases: [before, broken],
        transfer: { ...TRANSFER, bandwidthLimit: 1_048_576 },
        progress: true,
      }),
    ).toEqual([
      '-aHA',
      '--numeric-ids',
      '-M--fake-super',
      '--partial',
      '-yy',
      '--compress',
      '-ii',
      '--out-format=@%i %l %M %b %n',
      '--stats',
      '--no-human-readable',
      '--info=progress2',
      '--debug=PROTO,NSTR',
      '--bwlimit=1024',
      '--mkpath',
      '--ignore-existing',
      '--link-dest=/postgres/2026-11-22T021500Z/',
      '--link-dest=/postgres/2026-11-23T011500Z/',
      '--timeout=300',
      '-e',
      'ssh -F /run/x/ssh_config',
      '/var/backups/pg/',
      'vault:postgres/2026-11-23T021500Z/',
    ]);
  });

  it('to a gate leave the making of directories to it', () => {
    expect(pushArguments({ ...wire, secondary: 'gate' }, tree, PUSH)).not.toContain('--mkpath');
    expect(pushArguments({ ...wire, secondary: 'gate' }, tree, PUSH)).not.toContain('--ignore-existing');
  });

  it('with plain metadata keep neither owners nor ACLs, and leave the account able to read its own files', () => {
    const args = pushArguments({ ...wire, metadata: 'plain' }, tree, PUSH);
    expect(args.slice(0, 2)).toEqual(['-rltpDH', '--chmod=Du+rwx,Fu+rw']);
    expect(args).not.toContain('-M--fake-super');
    expect(args).not.toContain('-aHA');
  });

  it('never hold what can change an older snapshot through a hard link (facts.md#options-that-reach-shared-inodes)', () => {
    for (const metadata of ['plain', 'fake_super'] as const) {
      const args = pushArguments({ ...wire, metadata }, tree, { ...PUSH, bases: [before], checksum: true });
      expect(
        args.filter((arg) => /^(-X|--xattrs|-U|--inplace|--append|--delay-updates|--log-file|--backup)/.test(arg)),
      ).toEqual([]);
      expect(args.some((arg) => /^-[a-zA-Z]*[XU]/.test(arg))).toBe(false);
    }
  });

  it('of a dry run, with checksums, or without compression, say so', () => {
    expect(pushArguments(wire, tree, { ...PUSH, dryRun: true })).toContain('--dry-run');
    expect(pushArguments(wire, tree, { ...PUSH, checksum: true })).toContain('--checksum');
    expect(pushArguments({ ...wire, compress: false }, tree, PUSH)).not.toContain('--compress');
    expect(pushArguments(wire, tree, { ...PUSH, transfer: { ...TRANSFER, fuzzy: false } })).not.toContain('-yy');
    const copied = pushArguments(wire, tree, { ...PUSH, bases: [before], unchanged: 'copy' });
    expect(copied).toContain('--copy-dest=/postgres/2026-11-22T021500Z/');
    expect(copied.join(' ')).not.toContain('--link-dest');
  });

  it('limit the bandwidth to at least one KiB a second: 0 would mean no limit', () => {
    expect(pushArguments(wire, tree, { ...PUSH, transfer: { ...TRANSFER, bandwidthLimit: 1 } })).toContain(
      '--bwlimit=1',
    );
  });

  it('keep an exclude pattern a pattern, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 })), (exclude) => {
        for (const args of [
          pushArguments(wire, { ...tree, exclude }, PUSH),
          checkArguments(wire, { ...tree, exclude }, { extras: false }),
          listArguments({ ...tree, exclude }),
        ]) {
          expect(args.filter((arg) => arg.startsWith('--exclude='))).toEqual(exclude.map((p) => `--exclude=${p}`));
          expect(args.at(-1)).not.toMatch(/^-/);
        }
      }),
    );
  });

  it('end the source in one slash: its content is meant, not itself', () => {
    for (const source of ['/data', '/data/']) {
      expect(pushArguments(wire, { ...tree, source }, PUSH).at(-2)).toBe('/data/');
    }
  });
});

describe('the arguments of a verification', () => {
  it('are a checksum dry run of the same tree without a basis', () => {
    expect(checkArguments({ ...wire, secondary: 'gate' }, tree, { extras: true })).toEqual([
      '-aHA',
      '--numeric-ids',
      '-M--fake-super',
      '--dry-run',
      '--checksum',
      '-i',
      '--out-format=@%i %l %M %n',
      '--stats',
      '--no-human-readable',
      '--debug=PROTO,NSTR',
      '--delete',
      '--timeout=300',
      '-e',
      'ssh -F /run/x/ssh_config',
      '/var/backups/pg/',
      'vault:postgres/2026-11-23T021500Z/',
    ]);
  });

  it('of some files put what was excluded first, then what is looked at, then nothing else', () => {
    const args = checkArguments(wire, { ...tree, exclude: ['*.tmp'] }, { extras: false, only: '/run/x/only' });
    const filters = args.filter((arg) => /^--(exclude|include|from0|delete)/.test(arg));
    expect(filters).toEqual(['--exclude=*.tmp', '--from0', '--include-from=/run/x/only', '--exclude=*']);
  });
});

it('the seal is sent with its time, as one file beside its snapshot', () => {
  expect(sealArguments(wire, '/run/x/a.sealed', 'postgres', 'a.sealed')).toEqual([
    '--times',
    '--timeout=300',
    '-e',
    'ssh -F /run/x/ssh_config',
    '/run/x/a.sealed',
    'vault:postgres/a.sealed',
  ]);
});
