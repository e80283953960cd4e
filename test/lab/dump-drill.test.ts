import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { checkWhole } from '../../src/dumps/check-whole.ts';
import { checkEnds } from '../../src/dumps/check-ends.ts';
import { runProcess } from '../../src/platform/process.ts';
import { startGateSecondary, type GateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { createRandom, tellSeed } from '../support/seed.ts';
import { prune } from '../unit/prune/support/run-prune.ts';

/*
 * Dumps as their programs really write them: a PostgreSQL server and a MariaDB server of Debian, on this machine, on sockets of their own.
 */

const NOBODY = process.getuid?.() === 0 ? 65_534 : undefined;
const POSTGRES = '/usr/lib/postgresql';
const postgres = newest(POSTGRES);
const hasMariadb = spawnSync('sh', ['-c', 'command -v mariadbd mariadb-install-db mariadb-dump']).status === 0;
const ROWS = 5000;

function newest(directory: string): string | undefined {
  try {
    const version = readdirSync(directory)
      .sort((one, other) => Number(one) - Number(other))
      .at(-1);
    return version === undefined ? undefined : join(directory, version, 'bin');
  } catch {
    return undefined;
  }
}

/** A directory of a user who may run a database: they refuse root. */
function place(): string {
  const directory = mkdtempSync(join(tmpdir(), 'offsite-db-'));
  chmodSync(directory, 0o755);
  if (NOBODY !== undefined) chownSync(directory, NOBODY, NOBODY);
  return directory;
}

function call(directory: string, program: string, args: readonly string[], input = ''): string {
  const drop = [
    'setpriv',
    `--reuid=${NOBODY ?? 0}`,
    `--regid=${NOBODY ?? 0}`,
    '--clear-groups',
    '--',
    program,
    ...args,
  ];
  const [word = '', ...words] = NOBODY === undefined ? [program, ...args] : drop;
  // A server must not keep our pipes open.
  const { status, stdout, stderr } = spawnSync(word, words, {
    ...{ cwd: directory, input, encoding: 'utf8', maxBuffer: 2 ** 28 },
    env: { PATH: `${postgres ?? ''}:${process.env.PATH ?? ''}:/usr/sbin`, LC_ALL: 'C.UTF-8', HOME: directory },
  });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

/** What the ends of a file say, and what reading it says. */
async function judge(path: string) {
  const deps = {
    run: runProcess,
    environment: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
    limits: { stallMs: 60_000 },
  };
  return { ends: (await checkEnds(path, path)).finding, whole: await checkWhole(Buffer.from(path), path, deps) };
}

describe.skipIf(postgres === undefined)('PostgreSQL (needs the package postgresql)', () => {
  let at: (name: string) => string;
  let directory: string;
  const dump = (...args: string[]) => call(directory, 'pg_dump', ['-h', directory, '-U', 'postgres', ...args, 'shop']);

  beforeAll(() => {
    directory = place();
    at = (name) => join(directory, name);
    call(directory, 'initdb', ['-D', 'data', '-U', 'postgres', '-A', 'trust', '-N']);
    const options = `-c listen_addresses='' -c unix_socket_directories=${directory} -c fsync=off`;
    call(directory, 'pg_ctl', ['-D', 'data', '-w', '-l', 'log', '-o', options, 'start']);
    call(directory, 'createdb', ['-h', directory, '-U', 'postgres', 'shop']);
    const sql = `CREATE TABLE event(id int PRIMARY KEY, what text);
      INSERT INTO event SELECT i, md5(i::text) FROM generate_series(1, ${ROWS}) i;
      SELECT lo_from_bytea(0, decode(repeat('00ff', 4000), 'hex'));`;
    call(directory, 'psql', ['-h', directory, '-U', 'postgres', '-q', '-d', 'shop', '-v', 'ON_ERROR_STOP=1'], sql);
  });
  afterAll(() => {
    call(directory, 'pg_ctl', ['-D', 'data', '-m', 'immediate', 'stop']);
    rmSync(directory, { recursive: true });
  });

  it.each([
    ['plain', ['-Fp']],
    ['plain-inserts', ['-Fp', '--inserts', '--no-owner']],
    ['schema', ['-Fp', '--schema-only']],
    ['custom', ['-Fc']],
    ['custom-0', ['-Fc', '-Z0']],
    ['custom-9', ['-Fc', '-Z9']],
    ['custom-schema', ['-Fc', '--schema-only']],
    ['custom-table', ['-Fc', '-t', 'event']],
    ['tar', ['-Ft']],
  ])('a dump that is %s is whole, and cut off wherever it is cut', async (name, args) => {
    const path = at(`${name}.dump`);
    const write = () => dump(...args, '-f', path);
    write();
    expect(await judge(path)).toMatchObject({ ends: { kind: 'sound' }, whole: { kind: 'sound' } });
    const size = readFileSync(path).length;
    const random = createRandom(tellSeed(name));
    for (let round = 0; round < 12; round += 1) {
      // What follows the closing line may be missing, and so may most of the zeros behind a tar.
      const length = 1200 + Math.floor(random() * (size - 1200) * 0.8);
      if (length >= size - 11_000 && name === 'tar') continue;
      write();
      truncateSync(path, Math.min(length, size - 100));
      expect((await judge(path)).whole, `${name} cut to ${length} of ${size}`).toMatchObject({ kind: 'broken' });
    }
  });

  it('the ends of a custom dump tell of every cut but one in a run of zeros', async () => {
    const path = at('cut.dump');
    dump('-Fc', '-f', path);
    const bytes = readFileSync(path);
    const random = createRandom(tellSeed('custom'));
    for (let round = 0; round < 300; round += 1) {
      const length = 100 + Math.floor(random() * (bytes.length - 101));
      const part = bytes.subarray(0, length);
      writeFileSync(path, part);
      const { kind } = (await checkEnds(path, path)).finding;
      const zeros = part.subarray(-5).every((byte) => byte === 0);
      expect(kind, `cut to ${length}`).toBe(zeros ? 'sound' : 'broken');
    }
  });

  it('a cluster, by pg_dumpall, with and without data', async () => {
    for (const args of [[], ['--globals-only'], ['--schema-only']]) {
      writeFileSync(at('all.sql'), call(directory, 'pg_dumpall', ['-h', directory, '-U', 'postgres', ...args]));
      expect(await judge(at('all.sql'))).toMatchObject({ ends: { kind: 'sound', format: 'postgresql-cluster' } });
    }
  });

  it('a directory is read by its table of contents', async () => {
    dump('-Fd', '-f', at('dir'));
    expect((await judge(at('dir/toc.dat'))).whole).toMatchObject({
      kind: 'sound',
      format: 'postgresql-directory',
      by: 'pg_restore',
    });
    const [data = ''] = readdirSync(at('dir')).filter((name) => /^\d+\.dat\.gz$/.test(name));
    truncateSync(at(`dir/${data}`), 1000);
    expect((await judge(at('dir/toc.dat'))).whole).toMatchObject({ kind: 'broken' });
    // pg_restore takes this one for an empty table.
    truncateSync(at(`dir/${data}`), 0);
    expect((await judge(at(`dir/${data}`))).whole).toMatchObject({ kind: 'broken', reason: 'it is empty' });
    rmSync(at(`dir/${data}`));
    expect((await judge(at('dir/toc.dat'))).whole).toMatchObject({ kind: 'broken' });
  });

  it('a dump of a later version is not called broken', async () => {
    const path = at('later.dump');
    dump('-Fc', '-f', path);
    const bytes = readFileSync(path);
    bytes[6] = 99; // the minor number of the format
    writeFileSync(path, bytes);
    expect(await judge(path)).toMatchObject({
      ends: { kind: 'sound' },
      whole: { kind: 'unchecked', reason: expect.stringContaining('unsupported version') as string },
    });
  });

  describe('on its way to a secondary that tries it out', () => {
    let secondary: GateSecondary;
    let primary: Primary;
    const command = () => join(secondary.sshd.directory, 'try-restore');
    /** In the namespace of sshd, where the account exists: initdb asks for its name. */
    const drilled = (...words: string[]) => {
      const { pid, account } = secondary.sshd;
      const drop = ['setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups', '--'];
      const enter = ['nsenter', `--mount=/proc/${pid}/ns/mnt`, '--', ...drop];
      const program = [process.execPath, inject('drill'), 'web1', '--config', secondary.gate.config, ...words];
      const [word = '', ...rest] = NOBODY === undefined ? program : [...enter, ...program];
      const { status: code, stdout, stderr } = spawnSync(word, rest, { encoding: 'utf8', cwd: '/' });
      return { code, stdout, stderr };
    };

    beforeAll(async () => {
      secondary = await startGateSecondary();
      primary = await makePrimary(secondary, 'db');
      await primary.configure({ target: { secondary: 'gate' } });
      const page = readFileSync(fileURLToPath(new URL('../../docs/operations.md', import.meta.url)), 'utf8');
      const [script] = /#!\/bin\/sh\n# \/usr\/local\/sbin\/try-restore(.|\n)*?(?=```)/.exec(page) ?? [''];
      writeFileSync(command(), script, { mode: 0o755 });
      chmodSync(command(), 0o755);
      const settings = { every: '1d', command: [command(), '{snapshot}', '{scratch}'], timeout: '2m' };
      await secondary.amend({ jobs: { db: { drill: settings } } });
    });
    afterAll(async () => {
      await primary.stop();
      await secondary.stop();
    });

    it('is sent, sealed, restored into an empty cluster, and its rows are counted', async () => {
      writeFileSync(join(primary.source, 'db.sql'), dump('--no-owner', '--no-privileges'));
      const id = await primary.secure();
      const end = drilled('--json');
      expect(end, end.stderr + end.stdout).toMatchObject({ code: 0 });
      const { drills } = JSON.parse(end.stdout) as { drills: unknown[] };
      expect(drills).toMatchObject([{ job: 'db', id, which: 'newest', ok: true, whole: 1, output: [`${ROWS} rows`] }]);
    });

    it('cut in half, it is neither sent, nor, sent with --force, found good', async () => {
      const half = dump('--no-owner', '--no-privileges');
      writeFileSync(join(primary.source, 'db.sql'), half.slice(0, half.length / 2));
      const refused = await primary.call('run', 'db');
      expect(refused.code).toBe(16);
      expect(refused.stderr).toMatch(/db\.sql: a PostgreSQL dump that is cut off: it has no closing line/);
      expect(await primary.call('run', 'db', '--force')).toMatchObject({ code: 0 });
      const end = drilled('--job', 'db');
      // psql takes the end of the file for the end of the rows: a script that only counts some finds nothing wrong.
      expect(end.code, end.stdout).toBe(44);
      expect(end.stdout).toMatch(
        /✗ .*\(newest\).*1 broken\n +db\.sql: a PostgreSQL dump that is cut off.*\n +\| \d+ rows\n/,
      );
      expect(end.stdout).toMatch(/✓ .*\(old\).*: 1 dump whole/);
      const { stdout } = await prune(['status', 'web1', '--config', secondary.gate.config], secondary.sshd.account.uid);
      expect(stdout).toMatch(/drill failed: .*db\.sql/);
    });
  });
});

describe.skipIf(!hasMariadb)('MariaDB (needs the package mariadb-server)', () => {
  let directory: string;
  let server: string;
  const dump = (...args: string[]) =>
    call(directory, 'mariadb-dump', [`--socket=${directory}/socket`, '--user=root', ...args]);

  beforeAll(() => {
    directory = place();
    server = join(directory, 'pid');
    mkdirSync(join(directory, 'data'));
    if (NOBODY !== undefined) chownSync(join(directory, 'data'), NOBODY, NOBODY);
    const own = ['--no-defaults', `--datadir=${directory}/data`];
    call(directory, 'mariadb-install-db', [...own, '--auth-root-authentication-method=normal', '--skip-test-db']);
    const listen = `--skip-networking --socket=${directory}/socket --pid-file=${server}`;
    call(directory, 'sh', ['-c', `mariadbd ${own.join(' ')} ${listen} >log 2>&1 &`]);
    const ask = `for i in $(seq 100); do mariadb --socket=${directory}/socket --user=root < in && exit; sleep 0.2; done; cat log; exit 1`;
    writeFileSync(
      join(directory, 'in'),
      `CREATE DATABASE shop; USE shop; CREATE TABLE event(id int PRIMARY KEY, what text);
       INSERT INTO event SELECT seq, md5(seq) FROM seq_1_to_${ROWS};`,
    );
    call(directory, 'sh', ['-c', ask]);
  });
  afterAll(() => {
    const pid = Number(readFileSync(server, 'utf8'));
    process.kill(pid, 'SIGKILL');
    rmSync(directory, { recursive: true });
  });

  it.each([
    [['shop'], 'mysql'],
    [['--all-databases', '--single-transaction', '--routines'], 'mysql'],
    [['--skip-dump-date', 'shop'], 'mysql'],
    [['--skip-comments', 'shop'], 'mysql-bare'],
    [['--skip-comments', '--skip-extended-insert', '--skip-opt', 'shop'], 'mysql-bare'],
    [['--no-data', 'shop'], 'mysql'],
  ])('a dump with %j is whole, and cut off wherever it is cut', async (args, format) => {
    const path = join(directory, 'shop.sql');
    const text = dump(...args);
    writeFileSync(path, text);
    expect((await checkEnds(path, path)).finding).toMatchObject({ kind: 'sound', format });
    const random = createRandom(tellSeed(args.join(' ')));
    for (let round = 0; round < 20; round += 1) {
      writeFileSync(path, text.slice(0, 900 + Math.floor(random() * (text.length - 1000))));
      expect((await checkEnds(path, path)).finding).toMatchObject({ kind: 'broken' });
    }
  });

  it('a dump with --compact is not judged', async () => {
    const path = join(directory, 'compact.sql');
    writeFileSync(path, dump('--compact', 'shop'));
    expect((await checkEnds(path, path)).finding).toEqual({ kind: 'nothing' });
  });
});
