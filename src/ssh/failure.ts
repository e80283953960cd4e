import type { ProcessEnd } from '../platform/process.ts';
import type { Fault } from '../shared/outcome.ts';

/** Why a connection failed. */
export interface ConnectionFailure {
  readonly outcome: Fault;
  readonly reason: string;
}

/** What ssh says (OpenSSH 8.4 to 9.9) and what it means. ssh's exit code is 255 for all of them. */
const WORDS: readonly (readonly [RegExp, Fault, string?])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    'access-refused',
    'the secondary shows another host key than known_hosts has',
  ],
  // It comes after the server has let us in: only our own runtime_dir is in the way.
  [/unix_listener: .*No space left on device/, 'no-space-here', 'ssh cannot make its socket in runtime_dir'],
  [/unix_listener: cannot bind to path/, 'usage', 'ssh cannot make its socket: runtime_dir cannot be written'],
  [/No \S+ host key is known/, 'access-refused', 'known_hosts has no key of the secondary'],
  [/Host key verification failed/, 'access-refused', 'the host key of the secondary is not the one in known_hosts'],
  // This comes before the server's reply in the table: without a usable key the server can only refuse.
  [/UNPROTECTED PRIVATE KEY FILE/, 'secret', 'the private key is readable by others: chmod 600'],
  [/Load key .*: (.*)/, 'secret', 'the private key cannot be used'],
  [/agent refused operation/, 'secret', 'the agent holds the private key but does not sign with it: is it locked?'],
  [/signing failed for/, 'secret', 'the private key did not sign: a hardware key must be plugged in, and touched'],
  [/no such identity/, 'secret', 'the private key does not exist'],
  [/Permission denied \(/, 'access-refused', 'the secondary does not accept this key for this account'],
  [/Too many authentication failures/, 'access-refused'],
  [/Could not resolve hostname/, 'could-not-connect', 'the host name of the secondary does not resolve'],
  [
    /No user exists for uid/,
    'usage',
    'the user who runs this has no entry in the user database, and ssh insists on one',
  ],
  [/Connection refused/, 'could-not-connect', 'nothing listens on the port of the secondary'],
  [/timed out/, 'could-not-connect', 'the secondary did not answer in time'],
  [/No route to host|Network is unreachable/, 'could-not-connect', 'there is no route to the secondary'],
  [
    /invalid characters|banner line too long|Protocol major versions differ/i,
    'could-not-connect',
    'what answers on that port is not an ssh server: check the port',
  ],
  [
    /kex_exchange_identification: (?:Connection closed|read: Connection reset)/,
    'could-not-connect',
    'the other side hung up before it said that it is an ssh server: is that the port of its sshd, and is this host let in there (fail2ban, MaxStartups)?',
  ],
  [/Bad configuration option|Bad port|Missing argument/i, 'secret', 'a value of the endpoint is not of the right form'],
];

/**
 * Determines why ssh could not set up a connection.
 * @param end how ssh ended, with the last lines of its standard error
 */
export function judgeConnection(end: ProcessEnd): ConnectionFailure {
  if (end.kind === 'not-started') {
    return {
      outcome: 'usage',
      reason: `ssh cannot be started here (${end.cause.message}). Install it: apt-get install openssh-client`,
    };
  }
  if (end.kind === 'timed-out') return { outcome: 'could-not-connect', reason: 'the secondary did not answer in time' };
  const said = end.stderrTail.trim();
  for (const [pattern, outcome, meaning] of WORDS) {
    if (pattern.test(said))
      return { outcome, reason: meaning === undefined ? said : `${meaning} (ssh: ${lastReasons(said)})` };
  }
  return {
    outcome: 'could-not-connect',
    reason:
      said === ''
        ? 'the other side closed the connection without a word. Is it an ssh server that has an algorithm in common with this one, and may the account log in there (account expired, nologin, AllowUsers)? Its own log says why'
        : `ssh: ${lastReasons(said)}`,
  };
}

/**
 * The last two lines that ssh wrote. The first of them is often the cause and the last only the consequence ("Load key …" before
 * "Permission denied", "banner line contains invalid characters" before "Connection closed").
 */
function lastReasons(text: string): string {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('@'));
  return [...new Set(lines)].slice(-2).join('; ');
}
