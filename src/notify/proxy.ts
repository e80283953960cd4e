type Environment = Readonly<Record<string, string | undefined>>;
type Fetch = typeof fetch;

/**
 * The fetch to use in an environment. If `HTTP_PROXY` or `HTTPS_PROXY` is set (in either case), it goes through that
 * proxy, unless `NO_PROXY` names the host. Node's own fetch ignores all three.
 */
export async function fetchFor(environment: Environment): Promise<Fetch> {
  const read = (name: string): string => environment[name.toLowerCase()] ?? environment[name] ?? '';
  const [httpProxy, httpsProxy, noProxy] = [read('HTTP_PROXY'), read('HTTPS_PROXY'), read('NO_PROXY')];
  if (httpProxy === '' && httpsProxy === '') return fetch;
  // Loaded only here: a host without a proxy does not pay for it.
  const { EnvHttpProxyAgent, fetch: fetchWith } = await import('undici');
  const dispatcher = new EnvHttpProxyAgent({ httpProxy, httpsProxy, noProxy });
  return ((url: URL, init: object) => fetchWith(url, { ...init, dispatcher })) as unknown as Fetch;
}
