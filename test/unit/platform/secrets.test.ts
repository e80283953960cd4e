import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readPublicText, readSecret, readSecretsFile, SecretError } from '../../../src/platform/secrets.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offsite-secrets-'));
  return () => rm(directory, { recursive: true, force: true });
});

async function file(text: string, mode = 0o600): Promise<string> {
  const path = join(directory, 'secret');
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
}

describe('a secret', () => {
  it('comes from the environment before the secrets file', () => {
    const fileValues = new Map([
      ['A', 'file'],
      ['B', 'file'],
    ]);
    const sources = { environment: { A: 'environment' }, fileValues };
    expect(readSecret({ env: 'A' }, sources)).toEqual({ value: 'environment' });
    expect(readSecret({ env: 'B' }, sources)).toEqual({ value: 'file' });
  });

  it('from a file loses only its last line ends, and tells its path', async () => {
    const path = await file(' a\nb \r\n\n');
    expect(readSecret({ file: path }, { environment: {} })).toEqual({ value: ' a\nb ', path });
  });

  it('from a systemd credential is found in its directory', async () => {
    await file('value\n', 0o440); // systemd grants a user by an ACL, which shows as a group bit
    expect(readSecret({ credential: 'secret' }, { environment: { CREDENTIALS_DIRECTORY: directory } }).value).toBe(
      'value',
    );
    expect(() => readSecret({ credential: 'secret' }, { environment: {} })).toThrow(/LoadCredential=secret:PATH/);
  });

  it.each([
    [0o640, 'its group (0640)'],
    [0o660, 'its group (0660)'],
    [0o604, 'others (0604)'],
    [0o644, 'others (0644)'],
    [0o601, 'others (0601)'],
    [0o777, 'others (0777)'],
  ])('in a file of mode %o is refused, with the way out', async (mode, who) => {
    const path = await file('canary', mode);
    const read = () => readSecret({ file: path }, { environment: {} });
    expect(read).toThrow(SecretError);
    expect(read).toThrow(`Secrets file ${path} is readable by ${who}. It is for its owner alone: chmod 600 ${path}`);
    expect(() => readSecretsFile(path)).toThrow(SecretError);
  });

  it('that is none may be read by everybody, but changed by nobody else', async () => {
    const read = (path: string) => readPublicText({ file: path }, { environment: {} });
    expect(read(await file('h ssh-ed25519 AAAA\n', 0o644)).value).toBe('h ssh-ed25519 AAAA');
    const path = await file('x', 0o664);
    expect(() => read(path)).toThrow(`${path} can be changed by its group (0664)`);
    await chmod(path, 0o646);
    expect(() => read(path)).toThrow(/can be changed by others \(0646\).*chmod go-w/);
  });

  it.each([0o600, 0o400, 0o700])('in a file of mode %o is read', async (mode) => {
    expect(readSecret({ file: await file('x', mode) }, { environment: {} }).value).toBe('x');
  });

  it('that is missing or empty says which, and never a value', async () => {
    const path = await file('\n');
    expect(() => readSecret({ file: path }, { environment: {} })).toThrow(`The file ${path} is empty.`);
    expect(() => readSecret({ env: 'A' }, { environment: { A: '' } })).toThrow('The environment variable A is empty.');
    expect(() => readSecret({ env: 'A' }, { environment: {} })).toThrow(/A is not set\. Set it, or put a line A=/);
    expect(() => readSecret({ file: `${path}x` }, { environment: {} })).toThrow(
      /does not exist\. Create it with mode 0600/,
    );
  });
});

describe('a secrets file', () => {
  it('holds pairs, comments, quotes and exports', async () => {
    const path = await file(
      [
        '# comment',
        '',
        'A=1',
        'export B = two words ',
        "C='single'",
        'D="double"',
        'E=a=b#c',
        'F=',
        'A=later',
        "G='",
      ].join('\n'),
    );
    expect(Object.fromEntries(readSecretsFile(path))).toEqual({
      A: 'later',
      B: 'two words',
      C: 'single',
      D: 'double',
      E: 'a=b#c',
      F: '',
      G: "'",
    });
  });

  it('in UTF-16, or with a value that is not UTF-8, is told so; a comment may be anything', async () => {
    const path = await file('');
    await writeFile(path, Buffer.from('\uFEFFA=canary\n', 'utf16le'));
    expect(() => readSecretsFile(path)).toThrow(/^Secrets file \S+ is not UTF-8 but probably UTF-16.*iconv -f UTF-16/);
    await writeFile(path, Buffer.from('A=1\nB=canary\xfc\n', 'latin1'));
    expect(() => readSecretsFile(path)).toThrow(/^Secrets file \S+, line 2: contains a character that is not UTF-8/);
    expect(() => readSecretsFile(path)).not.toThrow(/canary/);
    await writeFile(path, Buffer.from('# f\xfcr\nA=1\n', 'latin1'));
    expect(readSecretsFile(path).get('A')).toBe('1');
    await writeFile(path, '\uFEFFA=1\r\n');
    expect(readSecretsFile(path).get('A')).toBe('1');
  });

  it('with a line that is no pair tells its number, never its text', async () => {
    const path = await file('A=1\ncanary without an equals sign\n');
    expect(() => readSecretsFile(path)).toThrow(`Secrets file ${path}, line 2: not of the form KEY=value.`);
    await file('9A=canary');
    expect(() => readSecretsFile(path)).toThrow(/line 1/);
  });

  it.each([
    ['a named pipe', (path: string) => execFileSync('mkfifo', ['-m', '600', path])],
    ['a directory', (path: string) => mkdirSync(path)],
  ])('that is %s is told as that, without waiting for it', { timeout: 10_000 }, (what, put) => {
    const path = join(directory, 'odd');
    put(path);
    const told = `Secrets file ${path} is ${what}. Write the secrets into a file`;
    expect(() => readSecretsFile(path)).toThrow(told);
    expect(() => readSecret({ file: path }, { environment: {} })).toThrow(told);
  });
});
