/** What ssh needs to reach one target; every value of it is a secret. */
export interface Endpoint {
  readonly host: string;
  readonly port: number | undefined;
  readonly user: string;
  /** Path of the private key; or of the public key of one that the agent holds. */
  readonly identityFile: string;
  readonly passphrase: string | undefined;
  readonly certificateFile: string | undefined;
  /** Path of the agent's socket. */
  readonly agent: string | undefined;
  /** The host on the way. */
  readonly jump: { readonly host: string; readonly port: number | undefined; readonly user: string } | undefined;
  /** Path of the known_hosts file that holds the secondary's host key, and that of the host on the way. */
  readonly knownHostsFile: string;
}

/** Times of a connection, in seconds. */
export interface ConnectionTimes {
  readonly connect: number;
  /** A message every `aliveInterval` seconds; the connection counts as dead after `aliveCount` without an answer. */
  readonly aliveInterval: number;
  readonly aliveCount: number;
}

/** Where the connection through the host on the way comes out, and the words of a program that joins it to standard input and output. */
export interface Bridge {
  readonly socket: string;
  readonly words: readonly string[];
}

type Option = readonly [string, string | number];

/**
 * The text of a private ssh_config(5) with one alias, so that neither `ps` nor messages show the endpoint.
 *
 * It is the only configuration: with `ssh -F`, neither the user's nor the system's is read, so nothing there can forward an
 * agent, send the environment, or weaken the host key check.
 * @throws TypeError when a value contains a character that would start another line or argument
 */
export function clientConfig(
  alias: string,
  endpoint: Endpoint,
  times: ConnectionTimes,
  controlPath: string,
  bridge?: Bridge,
): string {
  const options: readonly Option[] = [
    ...placeOptions(endpoint),
    ...commonOptions(endpoint, times),
    ['ControlPath', controlPath],
    ['ClearAllForwardings', 'yes'],
    ...(bridge === undefined ? [] : [['ProxyCommand', bridge.words.map(shellWord).join(' ')] as const]),
    ['LogLevel', 'ERROR'],
  ];
  return block(alias, options);
}

/**
 * The same for the host on the way. Its forwarding is here and not on a command line (`ssh -J`, `ssh -W`), where `ps` would show the
 * address of the secondary.
 * @throws TypeError as {@link clientConfig} does
 */
export function jumpConfig(
  alias: string,
  endpoint: Endpoint,
  jump: NonNullable<Endpoint['jump']>,
  times: ConnectionTimes,
  bridge: Bridge,
): string {
  const { host, port = 22 } = endpoint;
  return block(alias, [
    ...placeOptions(jump),
    ...commonOptions(endpoint, times),
    ['ControlPath', 'none'],
    ['LocalForward', `${quote('LocalForwardPath', bridge.socket)} ${quote('LocalForwardHost', `[${host}]:${port}`)}`],
    ['ExitOnForwardFailure', 'yes'],
    ['LogLevel', 'INFO'], // only then does it say that the host on the way opens no connection
  ]);
}

function placeOptions({ host, port, user }: Pick<Endpoint, 'host' | 'port' | 'user'>): Option[] {
  return [['HostName', host], ...(port === undefined ? [] : [['Port', port] as const]), ['User', user]];
}

function commonOptions(endpoint: Endpoint, times: ConnectionTimes): Option[] {
  const { identityFile, certificateFile, agent, knownHostsFile, passphrase } = endpoint;
  return [
    ['IdentityFile', identityFile],
    ...(certificateFile === undefined ? [] : [['CertificateFile', certificateFile] as const]),
    ['IdentitiesOnly', 'yes'],
    ['IdentityAgent', agent ?? 'none'],
    ['UserKnownHostsFile', knownHostsFile],
    ['GlobalKnownHostsFile', '/dev/null'],
    ['StrictHostKeyChecking', 'yes'],
    ['UpdateHostKeys', 'no'],
    ['CheckHostIP', 'no'],
    // With yes, ssh would not ask our helper for the passphrase either. Nothing else is ever asked: see the lines around.
    ['BatchMode', passphrase === undefined ? 'yes' : 'no'],
    ['PreferredAuthentications', 'publickey'],
    ['PasswordAuthentication', 'no'],
    ['KbdInteractiveAuthentication', 'no'],
    ['NumberOfPasswordPrompts', 1],
    ['ConnectTimeout', times.connect],
    ['ConnectionAttempts', 1],
    ['ServerAliveInterval', times.aliveInterval],
    ['ServerAliveCountMax', times.aliveCount],
    ['TCPKeepAlive', 'yes'],
    ['ControlMaster', 'no'],
    ['Compression', 'no'],
    ['ForwardAgent', 'no'],
    ['ForwardX11', 'no'],
    ['PermitLocalCommand', 'no'],
    ['RequestTTY', 'no'],
    ['EscapeChar', 'none'],
  ];
}

function block(alias: string, options: readonly Option[]): string {
  const lines = options.map(([key, value]) => `  ${key} ${AS_IT_IS.has(key) ? value : quote(key, value)}\n`);
  return `Host ${alias}\n${lines.join('')}`;
}

/** Values that consist of several words, each quoted by itself. */
const AS_IT_IS: ReadonlySet<string> = new Set(['ProxyCommand', 'LocalForward']);

/** A word for the shell by which ssh starts a ProxyCommand, with the percent signs of ssh_config(5). */
function shellWord(word: string): string {
  if (/\p{Cc}/u.test(word)) throw new TypeError('a path for ssh holds a control character');
  return `'${word.replaceAll("'", `'\\''`).replaceAll('%', '%%')}'`;
}

function quote(key: string, value: string | number): string {
  if (typeof value === 'number') return String(value);
  // ssh_config(5) has no escape for a quote, and expands % in several of these values.
  if (/["\p{Cc}]/u.test(value) || value === '')
    throw new TypeError(`${key} for ssh is empty or holds a quote or control character`);
  const literal = /File$|Path$|Agent$|^HostName$/.test(key) ? value.replaceAll('%', '%%') : value;
  return /[\s']/.test(literal) ? `"${literal}"` : literal;
}
