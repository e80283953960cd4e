import { expect, it } from 'vitest';
import { judgeConnection } from '../../../src/ssh/failure.ts';

const exited = (stderrTail: string) => judgeConnection({ kind: 'exited', code: 255, stderrTail });

it.each([
  [
    '@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.',
    'access-refused',
    /another host key/,
  ],
  [
    'No ED25519 host key is known for h and you have requested strict checking.\nHost key verification failed.',
    'access-refused',
    /known_hosts has no key/,
  ],
  ['Host key verification failed.', 'access-refused', /not the one in known_hosts/],
  ['a@h: Permission denied (publickey).', 'access-refused', /does not accept this key/],
  ['unix_listener: cannot bind to path /run/x/c: No space left on device', 'no-space-here', /socket in runtime_dir/],
  ['unix_listener: cannot bind to path /run/x/c: Read-only file system', 'usage', /runtime_dir cannot be written/],
  ['Received disconnect: Too many authentication failures', 'access-refused', /Too many/],
  ['@ WARNING: UNPROTECTED PRIVATE KEY FILE! @\nPermission denied (publickey).', 'secret', /chmod 600/],
  ['Load key "/k": error in libcrypto\na@h: Permission denied (publickey).', 'secret', /cannot be used/],
  ['no such identity: /k: No such file or directory\na@h: Permission denied (publickey).', 'secret', /does not exist/],
  ['ssh: Could not resolve hostname h: Name or service not known', 'could-not-connect', /does not resolve/],
  ['ssh: connect to host h port 22: Connection refused', 'could-not-connect', /nothing listens/],
  ['ssh: connect to host h port 22: Connection timed out', 'could-not-connect', /did not answer in time/],
  ['Connection timed out during banner exchange', 'could-not-connect', /did not answer in time/],
  ['ssh: connect to host h port 22: No route to host', 'could-not-connect', /no route/],
  ['ssh: connect to host h port 22: Network is unreachable', 'could-not-connect', /no route/],
  ['kex_exchange_identification: Connection closed by remote host', 'could-not-connect', /hung up before.*MaxStartups/],
  [
    'kex_exchange_identification: banner line contains invalid characters\r\nbanner exchange: Connection to h port 80: invalid format',
    'could-not-connect',
    /not an ssh server: check the port \(ssh: kex_exchange_identification: .*; banner exchange: .*\)$/,
  ],
  [
    'Load key "/k": error in libcrypto\r\na@h: Permission denied (publickey).',
    'secret',
    /cannot be used \(ssh: Load key .*libcrypto; a@h: Permission denied/,
  ],
  ['', 'could-not-connect', /without a word/],
])('%j is understood', (stderr, outcome, says) => {
  const failure = exited(stderr);
  expect(failure.outcome).toBe(outcome);
  expect(failure.reason).toMatch(says);
});

it('a missing ssh says what to install', () => {
  expect(judgeConnection({ kind: 'not-started', cause: new Error('ENOENT') })).toMatchObject({
    outcome: 'usage',
    reason: expect.stringContaining('apt-get install openssh-client') as string,
  });
});
