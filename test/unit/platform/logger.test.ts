import { expect, it } from 'vitest';
import { createLogger } from '../../../src/platform/logger.ts';

function logged(style: 'plain' | 'journal', message: string, level: 'error' | 'warning' | 'info' = 'error'): string {
  let text = '';
  const log = createLogger({ write: (more) => (text += more), redact: (said) => said, level: 'info', style });
  log(level, message);
  return text;
}

it('marks each problem of a message that holds several', () => {
  expect(logged('plain', 'host: not set\nport: not set')).toBe('error: host: not set\nerror: port: not set\n');
  expect(logged('plain', 'a\nb', 'warning')).toBe('warning: a\nwarning: b\n');
  expect(logged('journal', 'a\nb')).toBe('<3>a\n<3>b\n');
});

it('leaves details, which are indented, and ordinary lines unmarked', () => {
  expect(logged('plain', 'Not secured\n  Why: gone\n\n  Took: 1 s')).toBe(
    'error: Not secured\n  Why: gone\n\n  Took: 1 s\n',
  );
  expect(logged('plain', 'a\nb', 'info')).toBe('a\nb\n');
});
