/** What ssh needs to reach one target; every value of it is a secret. */
export interface Endpoint {
  readonly host: string;
  readonly port: number | undefined;
  readonly user: string;
  /** Path of the private key. */
  readonly identityFile: string;
  /** Path of the known_hosts file that holds the secondary's host key. */
  readonly knownHostsFile: string;
}

/** Times of a connection, in seconds. */
export interface ConnectionTimes {
  readonly connect: number;
  /** A message every `aliveInterval` seconds; the connection counts as dead after `aliveCount` without an answer. */
  readonly aliveInterval: number;
  readonly aliveCount: number;
}

/**
 * The text of a private ssh_config(5) with one alias, so that neither `ps` nor messages show the endpoint.
 *
 * It is the only configuration: with `ssh -F`, neither the user's nor the system's is read, so nothing there can forward an
 * agent, send the environment, or weaken the host key check.
 * @throws TypeError when a value contains a character that would start another line or argument
 */
export function clientConfig(alias: string, endpoint: Endpoint, times: ConnectionTimes, controlPath: string): string {
  const options: readonly (readonly [string, string | number])[] = [
    ['HostName', endpoint.host],
    ...(endpoint.port === undefined ? [] : [['Port', endpoint.port] as const]),
    ['User', endpoint.user],
    ['IdentityFile', endpoint.identityFile],
    ['IdentitiesOnly', 'yes'],
    ['IdentityAgent', 'none'],
    ['UserKnownHostsFile', endpoint.knownHostsFile],
    ['GlobalKnownHostsFile', '/dev/null'],
    ['StrictHostKeyChecking', 'yes'],
    ['UpdateHostKeys', 'no'],
    ['CheckHostIP', 'no'],
    ['BatchMode', 'yes'],
    ['PreferredAuthentications', 'publickey'],
    ['ConnectTimeout', times.connect],
    ['ConnectionAttempts', 1],
    ['ServerAliveInterval', times.aliveInterval],
    ['ServerAliveCountMax', times.aliveCount],
    ['TCPKeepAlive', 'yes'],
    ['ControlPath', controlPath],
    ['ControlMaster', 'no'],
    ['Compression', 'no'],
    ['ForwardAgent', 'no'],
    ['ForwardX11', 'no'],
    ['ClearAllForwardings', 'yes'],
    ['PermitLocalCommand', 'no'],
    ['RequestTTY', 'no'],
    ['EscapeChar', 'none'],
    ['LogLevel', 'ERROR'],
  ];
  return `Host ${alias}\n${options.map(([key, value]) => `  ${key} ${quote(key, value)}\n`).join('')}`;
}

function quote(key: string, value: string | number): string {
  if (typeof value === 'number') return String(value);
  // ssh_config(5) has no escape for a quote, and expands % in several of these values.
  if (/["\p{Cc}]/u.test(value) || value === '')
    throw new TypeError(`${key} for ssh is empty or holds a quote or control character`);
  const literal = /File$|Path$|^HostName$/.test(key) ? value.replaceAll('%', '%%') : value;
  return /[\s']/.test(literal) ? `"${literal}"` : literal;
}
