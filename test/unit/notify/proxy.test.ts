import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { deliverAlert } from '../../../src/notify/deliver.ts';
import { runFacts } from './support/facts.ts';
import { startHttpServer, unusedOrigin } from './support/http-server.ts';
import { settings, testDeps } from './support/deps.ts';

/** A proxy on loopback that takes plain requests and CONNECT, and remembers for whom. */
async function startProxy(): Promise<{ origin: string; asked: string[] }> {
  const asked: string[] = [];
  const forward = (request: IncomingMessage, response: ServerResponse) => {
    asked.push(request.url ?? '');
    request.resume();
    response.end('ok');
  };
  const server = createServer(forward);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    asked.push(`CONNECT ${request.url ?? ''}`);
    const [host = '', port] = (request.url ?? '').split(':');
    const target = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.pipe(client).pipe(target);
    });
    for (const socket of [client, target]) socket.on('error', () => socket.destroy());
    sockets.add(target);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const HOOK = 'ops: { type: webhook, url: { env: URL }, retries: 0, timeout: 3s }';

async function tell(url: string, environment: Record<string, string>) {
  const [delivery] = await deliverAlert(runFacts(), settings(HOOK), testDeps({ URL: url }, { environment }));
  return delivery!;
}

describe('a channel over HTTP behind a proxy', () => {
  it.each(['HTTP_PROXY', 'http_proxy'])('goes through the one that %s names', async (name) => {
    const server = await startHttpServer();
    const proxy = await startProxy();
    expect(await tell(`${server.origin}/hook`, { [name]: proxy.origin })).toMatchObject({ sent: true });
    expect(proxy.asked).toHaveLength(1);
    expect(proxy.asked[0]).toContain(new URL(server.origin).host);
  });

  it('asks the proxy of HTTPS_PROXY for a tunnel', async () => {
    const proxy = await startProxy();
    const { host } = new URL(await unusedOrigin());
    expect(await tell(`https://${host}/hook`, { HTTPS_PROXY: proxy.origin })).toMatchObject({ sent: false });
    expect(proxy.asked).toEqual([`CONNECT ${host}`]);
  });

  it('goes straight to a host that NO_PROXY names', async () => {
    const server = await startHttpServer();
    const proxy = await startProxy();
    const environment = { HTTP_PROXY: proxy.origin, NO_PROXY: 'localhost,127.0.0.1' };
    expect(await tell(`${server.origin}/hook`, environment)).toMatchObject({ sent: true });
    expect(proxy.asked).toEqual([]);
    expect(server.received).toHaveLength(1);
  });

  it('fails, and says why, when the proxy is not there', async () => {
    const server = await startHttpServer();
    const delivery = await tell(`${server.origin}/hook`, { HTTP_PROXY: await unusedOrigin() });
    expect(delivery).toMatchObject({ sent: false, reason: expect.stringMatching(/connection refused/) as string });
    expect(server.received).toEqual([]);
  });
});
