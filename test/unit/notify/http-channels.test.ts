import { describe, expect, it } from 'vitest';
import { deliverAlert, type Delivery } from '../../../src/notify/deliver.ts';
import type { AlertFacts } from '../../../src/notify/facts.ts';
import { runFacts } from './support/facts.ts';
import { startHttpServer, unusedOrigin, type TestServer } from './support/http-server.ts';
import { settings, testDeps } from './support/deps.ts';

/** Sends one alert through one channel and returns how it fared. */
async function tell(
  channel: string,
  secrets: Record<string, string>,
  facts: AlertFacts = runFacts(),
): Promise<Delivery> {
  const [delivery] = await deliverAlert(facts, settings(channel), testDeps(secrets));
  return delivery!;
}

function bodyOf(server: TestServer): Record<string, unknown> {
  return JSON.parse(server.received[0]!.body) as Record<string, unknown>;
}

const WEBHOOK = 'ops: { type: webhook, url: { env: URL }, retries: 0, timeout: 2s }';

describe('a webhook', () => {
  it('gets the message as JSON', async () => {
    const server = await startHttpServer();
    const delivery = await tell(WEBHOOK, { URL: `${server.origin}/hook?key=1` });
    expect(delivery).toEqual({ channel: 'ops', sent: true, attempts: 1 });
    const [request] = server.received;
    expect(request).toMatchObject({ method: 'POST', path: '/hook?key=1' });
    expect(request!.headers['content-type']).toBe('application/json');
    expect(bodyOf(server)).toMatchObject({ event: 'failure', job: 'postgres', outcome: 'connection-lost' });
  });

  it('keeps what is not ASCII', async () => {
    const server = await startHttpServer();
    await tell(WEBHOOK, { URL: server.origin }, runFacts({ job: 'täglich-備份', reason: '💾 voll' }));
    expect(bodyOf(server)).toMatchObject({ job: 'täglich-備份', reason: '💾 voll' });
  });

  it('gets its token as a bearer', async () => {
    const server = await startHttpServer();
    const channel = 'ops: { type: webhook, url: { env: URL }, token: { env: TOKEN } }';
    await tell(channel, { URL: server.origin, TOKEN: 'canary-token' });
    expect(server.received[0]!.headers.authorization).toBe('Bearer canary-token');
  });

  it('gets the credentials of its URL as basic authentication', async () => {
    const server = await startHttpServer();
    const delivery = await tell(WEBHOOK, { URL: server.origin.replace('//', '//ops:p%40ss@') });
    expect(delivery.sent).toBe(true);
    const encoded = server.received[0]!.headers.authorization!.replace('Basic ', '');
    expect(Buffer.from(encoded, 'base64').toString()).toBe('ops:p@ss');
  });

  it('is told apart from a server that refuses: no second attempt', async () => {
    const server = await startHttpServer((response) => {
      response.statusCode = 403;
      response.end('invalid_token\r\nand more');
    });
    const channel = 'ops: { type: webhook, url: { env: URL }, retries: 3 }';
    expect(await tell(channel, { URL: server.origin })).toEqual({
      channel: 'ops',
      sent: false,
      attempts: 1,
      reason: 'the server answered 403: invalid_token and more',
    });
  });

  it.each([301, 302, 307, 308])(
    'that redirects with %i gets nothing sent on, and says to configure the final URL',
    async (code) => {
      const elsewhere = await startHttpServer();
      const server = await startHttpServer((response) => {
        response.writeHead(code, { location: `${elsewhere.origin}/stolen` }).end();
      });
      const channel = 'ops: { type: webhook, url: { env: URL }, token: { env: TOKEN }, retries: 3 }';
      const delivery = await tell(channel, { URL: server.origin, TOKEN: 'canary-token' });
      expect(delivery).toMatchObject({ sent: false, attempts: 1 });
      expect(delivery.reason).toContain(`answered ${code}, a redirect, which is not followed`);
      expect(delivery.reason).not.toContain('stolen');
      expect(elsewhere.received).toEqual([]);
    },
  );

  it('that nobody listens at is a refused connection', async () => {
    const delivery = await tell(WEBHOOK, { URL: await unusedOrigin() });
    expect(delivery).toMatchObject({ sent: false, reason: 'connection refused' });
  });

  it('whose name does not resolve says so, without the name', async () => {
    const delivery = await tell(WEBHOOK, { URL: 'http://canary-host.invalid/hook' });
    expect(delivery.sent).toBe(false);
    expect(delivery.reason).toMatch(/host name/);
    expect(delivery.reason).not.toContain('canary-host');
  });

  it.each(['not a url', 'ftp://example.org/x', 'file:///etc/passwd', 'hooks.example.org/services/canary'])(
    'refuses the secret %s, without showing it',
    async (url) => {
      const delivery = await tell(WEBHOOK, { URL: url });
      expect(delivery).toMatchObject({
        sent: false,
        attempts: 1,
        reason: 'the URL in the secret is no http:// or https:// address',
      });
    },
  );

  it('that closes the connection without an answer is a failure', async () => {
    const server = await startHttpServer((response) => response.destroy());
    const delivery = await tell(WEBHOOK, { URL: server.origin });
    expect(delivery.sent).toBe(false);
    expect(delivery.reason).toMatch(/connection (reset|closed)/);
  });

  it('that answers without end is read no further than needed', async () => {
    const server = await startHttpServer((response) => {
      response.writeHead(200);
      const pump = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', pump);
      };
      pump();
    });
    expect(await tell(WEBHOOK, { URL: server.origin })).toMatchObject({ sent: true });
    await expect.poll(() => server.openConnections(), { timeout: 5000 }).toBe(0);
  });
});

describe('ntfy', () => {
  const NTFY = 'ops: { type: ntfy, url: { env: URL }, token: { env: TOKEN }, priority: max }';

  it('gets topic, title, message and priority as JSON at its root', async () => {
    const server = await startHttpServer();
    await tell(NTFY, { URL: `${server.origin}/backup-alerts`, TOKEN: 'tk_1' }, runFacts({ job: 'täglich' }));
    expect(server.received[0]).toMatchObject({ method: 'POST', path: '/' });
    expect(server.received[0]!.headers.authorization).toBe('Bearer tk_1');
    expect(bodyOf(server)).toMatchObject({
      topic: 'backup-alerts',
      title: 'Not secured: db1/täglich to vault: connection lost',
      priority: 5,
    });
    expect(bodyOf(server).message).toContain('ssh: the line broke');
  });

  it('below a path is found there', async () => {
    const server = await startHttpServer();
    await tell(NTFY, { URL: `${server.origin}/push/topic/`, TOKEN: 't' });
    expect(server.received[0]!.path).toBe('/push/');
    expect(bodyOf(server).topic).toBe('topic');
  });

  it('is not shouted at for good news', async () => {
    const server = await startHttpServer();
    await tell(NTFY, { URL: `${server.origin}/t`, TOKEN: 't' }, runFacts({ event: 'recovery', outcome: 'done' }));
    expect(bodyOf(server)).toMatchObject({ priority: 3, tags: ['white_check_mark'] });
  });

  it('never gets a message that it would turn into an attachment', async () => {
    const server = await startHttpServer();
    await tell(NTFY, { URL: `${server.origin}/t`, TOKEN: 't' }, runFacts({ reason: '💾'.repeat(3000) }));
    const length = Buffer.byteLength(bodyOf(server).message as string);
    expect(length).toBeLessThanOrEqual(4096);
    expect(length).toBeGreaterThan(3900);
  });

  it('without a topic is a mistake in the secret', async () => {
    const server = await startHttpServer();
    const delivery = await tell(NTFY, { URL: `${server.origin}/`, TOKEN: 't' });
    expect(delivery).toMatchObject({
      sent: false,
      attempts: 1,
      reason: expect.stringContaining('names no topic') as string,
    });
    expect(server.received).toEqual([]);
  });
});

describe('a ping URL', () => {
  const PING = 'ops: { type: ping, url: { env: URL }, events: [start, success, failure, warning, stale], timeout: 5s }';
  const RUN = '0b6ad8b6-7a3c-4f5e-9d46-0c2f5b5a3c11';

  it.each([
    ['start', '/check/start'],
    ['success', '/check'],
    ['recovery', '/check'],
    ['failure', '/check/fail'],
    ['stale', '/check/fail'],
    ['warning', '/check/log'],
  ] as const)('is told of %s at %s', async (event, path) => {
    const server = await startHttpServer();
    await tell(PING, { URL: `${server.origin}/check` }, runFacts({ event, runId: RUN }));
    expect(server.received.map((request) => request.path)).toEqual([`${path}?rid=${RUN}`]);
  });

  it('keeps its own query, and loses a slash at its end', async () => {
    const server = await startHttpServer();
    await tell(PING, { URL: `${server.origin}/key/slug/?create=1` });
    expect(server.received[0]!.path).toBe('/key/slug/fail?create=1');
  });

  it('gets the same UUID for start and end of a run whose id is none', async () => {
    const server = await startHttpServer();
    for (const event of ['start', 'failure'] as const) {
      await tell(PING, { URL: server.origin }, runFacts({ event, runId: 'run 7' }));
    }
    await tell(PING, { URL: server.origin }, runFacts({ runId: 'run 8' }));
    const [start, end, other] = server.received.map(({ path }) => new URLSearchParams(path.split('?')[1]).get('rid'));
    expect(start).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(end).toBe(start);
    expect(other).not.toBe(start);
  });

  it('gets no word of the message unless send_log says so', async () => {
    const server = await startHttpServer();
    await tell(PING, { URL: server.origin });
    expect(server.received[0]).toMatchObject({ method: 'GET', body: '' });
    await tell('ops: { type: ping, url: { env: URL }, send_log: true }', { URL: server.origin });
    expect(server.received[1]!.method).toBe('POST');
    expect(server.received[1]!.body).toMatch(/^Not secured: .*\n\nThe backup postgres/);
  });

  it('that answers slowly, but in time, has been told', async () => {
    const server = await startHttpServer((response) => setTimeout(() => response.end('OK'), 700));
    expect(await tell(PING, { URL: server.origin })).toMatchObject({ sent: true, attempts: 1 });
  });

  it('of a check that is gone fails, though the service answers 200', async () => {
    const server = await startHttpServer((response) => response.end('OK (not found)'));
    expect(await tell(PING, { URL: server.origin })).toMatchObject({
      sent: false,
      attempts: 1,
      reason: expect.stringContaining('no such check') as string,
    });
  });

  it('that limits the rate is tried again', async () => {
    const server = await startHttpServer((response, _request, count) =>
      response.end(count === 1 ? 'OK (rate limited)' : 'OK'),
    );
    expect(await tell(PING, { URL: server.origin })).toMatchObject({ sent: true, attempts: 2 });
  });
});
