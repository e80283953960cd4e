import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OUTCOMES } from '../../../src/shared/outcome.ts';

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

describe('the README', () => {
  it('has the table of exit codes that the program has', () => {
    const section = readme.split('## Exit codes')[1]?.split('\n## ')[0] ?? '';
    const rows = [...section.matchAll(/^\| (\S+) \| (.+?) \| (.*?) ?\|$/gm)]
      .map(([, code, title, again]) => ({ code, title, again: again?.trim() }))
      .filter(({ code }) => code !== 'code' && !code?.startsWith('-'));
    const wanted = Object.entries(OUTCOMES).map(([name, { code, retried, title }]) => ({
      code: name === 'interrupted' ? '128+n' : String(code),
      title,
      again: [0, 40, 42].includes(code) ? '' : retried ? 'yes' : 'no',
    }));
    expect(rows).toEqual(wanted);
  });
});
