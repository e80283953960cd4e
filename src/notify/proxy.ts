type Environment = Readonly<Record<string, string | undefined>>;
type Fetch = typeof fetch;

/**
 * The fetch to use in an environment: where `HTTP_PROXY` or `HTTPS_PROXY` (or the same in small letters) is set, one that
 * goes through that proxy, unless `NO_PROXY` names the host. Node's own knows none of them.
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
