import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makePrimary, type Primary } from './support/primary.ts';
import { startSecondary, type Secondary } from './support/secondary.ts';

// Somebody types a command without being the user to whom the runs belong, or in a directory that is another's (after `su`).
// Only root can make files that the user of the runs may not read.

let secondary: Secondary;
let primary: Primary;
const at = (name: string) => join(primary.directory, name);
/** Something that root does just before the program starts as an ordinary user. */
const first = (script: string, path: string) => (primary.wrapper = ['sh', '-ec', `${script}; exec "$@"`, path]);

beforeAll(async () => {
  secondary = await startSecondary();
});
beforeEach(async () => {
  primary = await makePrimary(secondary, 'db', { ordinary: true });
  await primary.configure();
  await writeFile(join(primary.source, 'dump.sql'), 'text\n');
});
afterEach(() => primary.stop());
afterAll(() => secondary.stop());

describe.runIf(process.getuid?.() === 0)('a user to whom the runs do not belong (needs root, to be two users)', () => {
  it('stands in a directory that is closed to him, and all that is started starts all the same', async () => {
    await mkdir(at('closed'), { mode: 0o700 });
    first('chown 0 "$0"; cd "$0"', at('closed'));
    const looked = await primary.call('doctor');
    expect(looked.code, looked.stdout).toBe(0);
    const ran = await primary.call('run', 'db', '--force');
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.alerts.map(({ event }) => event)).toContain('success');
  });

  it.each(['run', 'doctor', 'verify'])(
    'may not read the key: %s tells him who may, not to create it',
    async (command) => {
      first('chown 0 "$0"', at('key'));
      const { code, stdout, stderr } = await primary.call(command, 'db');
      expect(code).toBe(3);
      expect(stdout + stderr).toContain(
        `${at('key')} cannot be read by this user: run this as root, or as the user who owns it`,
      );
      expect(stdout + stderr).not.toMatch(/Create it|EACCES/);
    },
  );

  it('may not read the configuration: he is not told to write another', async () => {
    first('chown 0 "$0"; chmod 600 "$0"', at('config.yaml'));
    const { code, stderr } = await primary.call('status');
    expect(code).toBe(2);
    expect(stderr).toContain(
      `${at('config.yaml')} cannot be read by this user: run this as root, or as the user who owns it`,
    );
    expect(stderr).not.toMatch(/Start from|EACCES|Correct what/);
  });

  it('may not write the state: the advice is about him, not about the configuration', async () => {
    first('chown 0 "$0"', at('state'));
    const { code, stderr } = await primary.call('run', 'db', '--force');
    expect(code).toBe(2);
    expect(stderr).toMatch(/What to do: Run this as the user who owns state_dir/);
    expect(stderr).not.toContain('Correct what is listed');
  });
});
