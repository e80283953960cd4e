import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { outputOf } from '../../../src/platform/secret-command.ts';
import { readSecret, SecretError } from '../../../src/platform/secrets.ts';

const read = (...command: string[]) => readSecret({ command }, { environment: {} });

describe('a secret from a command', () => {
  it('is what it prints, without its last line ends', () => {
    expect(read('printf', ' a\\nb \\n\\n')).toEqual({ value: ' a\nb ' });
  });

  it('goes through no shell', () => {
    expect(read('echo', '$HOME; `id`').value).toBe('$HOME; `id`');
  });

  it('is asked for once in a process', () => {
    const directory = mkdtempSync(join(tmpdir(), 'offsite-'));
    const command = ['sh', '-c', 'echo >> "$0"; echo told', join(directory, 'calls')];
    expect([read(...command).value, read(...command).value]).toEqual(['told', 'told']);
    expect(readFileSync(join(directory, 'calls'), 'utf8')).toBe('\n');
    rmSync(directory, { recursive: true });
  });

  it('that cannot be had says which command, and why', () => {
    expect(() => read('no-such-program', 'vault')).toThrow(SecretError);
    expect(() => read('no-such-program', 'vault')).toThrow(
      'The command no-such-program vault cannot be started (ENOENT). Try it as the user who runs this.',
    );
    expect(() => read('sh', '-c', 'echo half a secret; echo "store is locked" >&2; exit 2')).toThrow(
      /ended with 2: store is locked\./,
    );
    expect(() => read('true')).toThrow('The command true is empty.');
  });

  it('waits for no more than its time, and takes no more than a key', () => {
    const began = performance.now();
    expect(outputOf(['sleep', '60'], 200)).toEqual({ kind: 'failed', why: 'did not end within 0.2 s' });
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(outputOf(['head', '-c', '2000000', '/dev/zero'])).toMatchObject({ why: 'printed more than 1024 KiB' });
  });

  it('has nothing to read', () => {
    expect(read('sh', '-c', 'cat; echo end').value).toBe('end');
  });
});
