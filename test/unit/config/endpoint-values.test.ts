import { describe, expect, it } from 'vitest';
import { parseJump, parsePort } from '../../../src/config/endpoint-values.ts';

describe('a host on the way', () => {
  it.each([
    ['jump.example.org', { host: 'jump.example.org', port: undefined, user: 'me' }],
    ['hop@jump:2022', { host: 'jump', port: 2022, user: 'hop' }],
    ['[2001:db8::7]:22', { host: '2001:db8::7', port: 22, user: 'me' }],
    ['hop@[fe80::1%eth0]', { host: 'fe80::1%eth0', port: undefined, user: 'hop' }],
  ])('is %s', (text, jump) => {
    expect(parseJump(text, 'me')).toEqual(jump);
  });

  it.each(['', 'a,b', 'a b', '-oProxyCommand=x', '@a', 'a:', 'a:0', 'a:70000', '::1', 'ssh://a', 'a@b@c', '-a@b'])(
    'is not %j',
    (text) => expect(parseJump(text, 'me')).toBeUndefined(),
  );
});

it('a port is a number from 1 to 65535', () => {
  expect(['1', '65535', '0', '65536', ' 1', '1e3', ''].map(parsePort)).toEqual([
    1,
    65_535,
    ...Array<undefined>(5).fill(undefined),
  ]);
});
