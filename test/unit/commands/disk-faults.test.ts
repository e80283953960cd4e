import { writeFile } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import { reportFailure } from '../../../src/commands/alert/failure.ts';
import { restore } from '../../../src/commands/reading/restore.ts';
import { unexpectedFailure } from '../../../src/run/failure.ts';
import { exitCodeOf } from '../../../src/shared/outcome.ts';
import { makeConfig, testContext } from './support.ts';

const NOW = '2026-11-28T12:00:00Z';

it.each([
  ['EROFS', 2, /Mount that file system writable/],
  ['EACCES', 2, /Run this as the user who owns state_dir/],
  ['EPERM', 2, /directories that this user can write/],
  ['ENOSPC', 5, /Free space or inodes on this host/],
  ['EDQUOT', 5, /Free space or inodes on this host/],
  ['EIO', 1, /A disk of this host, or a connection to one, fails/],
])('%s ends every command as it ends a run, with the path and what to do', async (errno, code, advice) => {
  const error = Object.assign(new Error(`${errno}: it cannot be, mkdir '/srv/place'`), { code: errno });
  const context = testContext(NOW);
  expect(await reportFailure(error, context, false)).toBe(code);
  expect(exitCodeOf(unexpectedFailure(error, context.signal).outcome)).toBe(code);
  const [reason, next] = context.lines.map(({ text }) => text);
  expect(reason).toBe(error.message);
  expect(next).toMatch(advice);
});

it('a bug is still called one, with where it was', async () => {
  const context = testContext(NOW);
  expect(await reportFailure(new TypeError('x is not a function'), context, false)).toBe(1);
  expect(context.lines.map(({ text }) => text).join('\n')).toMatch(/TypeError: x is not a function\n +at [^]*is a bug/);
});

it('a command that cannot make runtime_dir says so', async () => {
  const [word, file] = [{ env: 'WORD' }, { env: 'FILE' }];
  const made = await makeConfig(
    { files: { source: '/srv' } },
    {
      runtime_dir: '/sys/offsite-rsync', // where nobody makes a directory, not even root
      targets: { vault: { host: word, user: word, identity: file, known_hosts: file } },
    },
  );
  onTestFinished(() => made.remove());
  const key = `${made.directory}/key`;
  await writeFile(key, 'a key\n', { mode: 0o600 });
  const context = testContext(NOW, { environment: { WORD: 'word', FILE: key } });
  const options = { config: made.config, to: `${made.directory}/back`, snapshot: 'latest', identity: key };
  const code = await restore('files', [], options, context).catch((error: unknown) =>
    reportFailure(error, context, false),
  );
  const said = context.lines.map(({ text }) => text).join('\n');
  expect(code, said).toBe(2);
  expect(said).toMatch(/^\w+: .*'\/sys\/offsite-rsync'\n.*runtime_dir/);
});
