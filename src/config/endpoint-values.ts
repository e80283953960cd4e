/** A host on the way to the secondary. */
export interface Jump {
  readonly host: string;
  /** Undefined: ssh's own, 22. */
  readonly port: number | undefined;
  readonly user: string;
}

/** What is wrong with a host name or address, if anything. */
export function hostProblem(host: string): string | undefined {
  if (!/^-|[\s@/]/.test(host)) return undefined;
  return 'the value is not a host name or address alone (user and port have keys of their own)';
}

/** What is wrong with the name of an account, if anything. */
export function userProblem(user: string): string | undefined {
  return /^-|[\s@/]/.test(user) ? 'the value is not an account name' : undefined;
}

/** @returns undefined unless the text is a port number */
export function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/**
 * Reads `[USER@]HOST[:PORT]`, with an IPv6 address in brackets.
 * @param user the account where none is named
 * @returns undefined when it is anything else, such as several hosts
 */
export function parseJump(text: string, user: string): Jump | undefined {
  const match = /^(?:([^\s@/,:]+)@)?(?:\[([0-9A-Fa-f:.]+(?:%\w+)?)\]|([^\s@/,:[\]]+))(?::(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [, account = user, address, name, portText] = match;
  const host = address ?? name ?? '';
  const port = portText === undefined ? undefined : parsePort(portText);
  if ((portText !== undefined && port === undefined) || hostProblem(host) !== undefined) return undefined;
  return userProblem(account) === undefined ? { host, port, user: account } : undefined;
}
