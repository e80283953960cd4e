import { describe, expect, it } from 'vitest';
import { deliverAlert, deliverTest, type Delivery } from '../../../src/notify/deliver.ts';
import type { AlertFacts } from '../../../src/notify/facts.ts';
import { settings, testDeps } from './support/deps.ts';
import { problemFacts, runFacts } from './support/facts.ts';
import { startHttpServer, type TestServer } from './support/http-server.ts';

// Each server answers as the documentation or the source of its service says.

/** Sends one alert through one channel and returns how it fared. */
async function tell(
  channel: string,
  secrets: Record<string, string>,
  facts: AlertFacts = runFacts(),
): Promise<Delivery> {
  const [delivery] = await deliverAlert(facts, settings(channel), testDeps(secrets));
  return delivery!;
}

/** A server that gives one answer to everything. */
const answering = (status: number, body: unknown): Promise<TestServer> =>
  startHttpServer((response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body === '' ? '' : JSON.stringify(body));
  });

const bodyOf = (server: TestServer, index = 0) => JSON.parse(server.received[index]!.body) as Record<string, unknown>;
const sent = { channel: 'ops', sent: true, attempts: 1 };
const LONG = '💾'.repeat(3000);

describe('Gotify', () => {
  const CHANNEL = 'ops: { type: gotify, url: { env: URL }, token: { env: TOKEN }, retries: 3 }';
  const TAKEN = { id: 25, appid: 5, message: 'm', title: 't', priority: 8, date: '2026-11-23T04:15:00Z' };

  it('gets title, message and priority with the token of the application', async () => {
    const server = await answering(200, TAKEN);
    expect(await tell(CHANNEL, { URL: `${server.origin}/push/`, TOKEN: 'A.app' })).toEqual(sent);
    expect(server.received[0]).toMatchObject({ method: 'POST', path: '/push/message' });
    expect(server.received[0]!.headers['x-gotify-key']).toBe('A.app');
    expect(bodyOf(server)).toMatchObject({ title: 'Not secured: db1/postgres to vault: connection lost', priority: 8 });
    await tell(CHANNEL, { URL: server.origin, TOKEN: 'A.app' }, runFacts({ event: 'recovery', outcome: 'done' }));
    expect(bodyOf(server, 1)).toMatchObject({ priority: 3 });
  });

  it.each([
    [401, { error: 'Unauthorized', errorCode: 401, errorDescription: 'you need to provide a valid access token' }],
    [200, { error: 'Bad Request' }],
  ])('that answers %i without a message has not been told', async (status, answer) => {
    const server = await answering(status, answer);
    const delivery = await tell(CHANNEL, { URL: server.origin, TOKEN: 'A.app' });
    expect(delivery).toMatchObject({ sent: false, attempts: 1 });
  });
});

describe('Apprise', () => {
  const CHANNEL = 'ops: { type: apprise, url: { env: URL }, tag: ops, retries: 3 }';

  it('gets title, body, type and tag, and credentials of the URL', async () => {
    const server = await answering(200, { error: null, details: [] });
    const URL = `${server.origin.replace('//', '//me:pw@')}/notify/backups`;
    expect(await tell(CHANNEL, { URL })).toEqual(sent);
    expect(server.received[0]).toMatchObject({ method: 'POST', path: '/notify/backups' });
    expect(server.received[0]!.headers).toMatchObject({ accept: 'application/json', authorization: 'Basic bWU6cHc=' });
    expect(bodyOf(server)).toMatchObject({ type: 'failure', tag: 'ops', format: 'text' });
    await tell(CHANNEL, { URL }, runFacts({ event: 'recovery', outcome: 'done' }));
    expect(bodyOf(server, 1)).toMatchObject({ type: 'success' });
    await tell(CHANNEL, { URL }, problemFacts({ event: 'warning' }));
    expect(bodyOf(server, 2)).toMatchObject({ type: 'warning' });
  });

  it('gets the addresses where there is no key', async () => {
    const server = await answering(200, { error: null, details: [] });
    const channel = 'ops: { type: apprise, url: { env: URL }, urls: { env: WHO } }';
    await tell(channel, { URL: `${server.origin}/notify`, WHO: 'json://localhost' });
    expect(bodyOf(server)).toMatchObject({ urls: 'json://localhost' });
    expect(bodyOf(server)).not.toHaveProperty('tag');
  });

  it('that knows nobody under the key (204) has told nobody', async () => {
    const server = await answering(204, '');
    const delivery = await tell(CHANNEL, { URL: `${server.origin}/notify/typo` });
    expect(delivery).toMatchObject({ sent: false, attempts: 1, reason: 'Apprise knows nobody under this key' });
  });

  it.each([
    [424, { error: 'One or more notification could not be sent', details: [] }],
    [200, { error: 'One or more notification could not be sent' }],
  ])('that could not reach somebody (%i) has failed, and is not asked again', async (status, answer) => {
    const server = await answering(status, answer);
    const delivery = await tell(CHANNEL, { URL: `${server.origin}/notify/backups` });
    expect(delivery).toMatchObject({ sent: false, attempts: 1 });
    expect(delivery.reason).toContain('could not be sent');
  });
});

describe('Uptime Kuma', () => {
  const CHANNEL = 'ops: { type: uptime_kuma, url: { env: URL }, retries: 1 }';

  it.each([
    ['success', 'up'],
    ['recovery', 'up'],
    ['failure', 'down'],
    ['stale', 'down'],
  ] as const)('is told of %s as %s', async (event, status) => {
    const server = await answering(200, { ok: true });
    const URL = `${server.origin}/api/push/t0ken?status=up&msg=OK&ping=`;
    expect(await tell(CHANNEL, { URL }, runFacts({ event, outcome: status === 'up' ? 'done' : 'incomplete' }))).toEqual(
      sent,
    );
    const { pathname, searchParams } = new globalThis.URL(server.received[0]!.path, server.origin);
    expect(server.received[0]!.method).toBe('GET');
    expect(pathname).toBe('/api/push/t0ken');
    expect([...searchParams.keys()].sort()).toEqual(['msg', 'status']);
    expect(searchParams.get('status')).toBe(status);
    expect(searchParams.get('msg')).toContain('db1/postgres to vault');
  });

  it('takes a test for a sign of life', async () => {
    const server = await answering(200, { ok: true });
    await deliverTest('ops', 'db1', settings(CHANNEL), testDeps({ URL: `${server.origin}/api/push/t` }));
    expect(server.received[0]!.path).toContain('status=up');
  });

  it.each([404, 500, 200])('whose monitor is gone (%i) has not been told', async (status) => {
    const server = await answering(status, { ok: false, msg: 'Monitor not found or not active.' });
    const delivery = await tell(CHANNEL, { URL: `${server.origin}/api/push/t` });
    expect(delivery.sent).toBe(false);
    expect(delivery.reason).toContain('Monitor not found');
  });
});

describe('Pushover', () => {
  const CHANNEL = 'ops: { type: pushover, token: { env: T }, user: { env: U }, url: { env: URL }, priority: PRIORITY }';
  const secrets = (server: TestServer) => ({ URL: `${server.origin}/1/messages.json`, T: 'app', U: 'me' });
  const formOf = (server: TestServer, index = 0) =>
    Object.fromEntries(new URLSearchParams(server.received[index]!.body));

  it('gets a form with token, user, title, message and priority', async () => {
    const server = await answering(200, { status: 1, request: '647d2300-702c-4b38-8b2f-d56326ae460b' });
    expect(await tell(CHANNEL.replace('PRIORITY', 'high'), secrets(server))).toEqual(sent);
    expect(server.received[0]!.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(formOf(server)).toMatchObject({ token: 'app', user: 'me', priority: '1' });
    expect(formOf(server)).not.toHaveProperty('retry');
    const good = runFacts({ event: 'recovery', outcome: 'done' });
    await tell(CHANNEL.replace('PRIORITY', 'emergency'), secrets(server), good);
    expect(formOf(server, 1)).toMatchObject({ priority: '0' });
  });

  it('gets with an emergency how often and how long it sounds, and no more text than it takes', async () => {
    const server = await answering(200, { status: 1, request: 'r', receipt: 'x' });
    await tell(CHANNEL.replace('PRIORITY', 'emergency'), secrets(server), runFacts({ reason: LONG }));
    const { message, ...form } = formOf(server);
    expect(form).toMatchObject({ priority: '2', retry: '300', expire: '10800' });
    expect(Array.from(message!)).toHaveLength(1024);
  });

  it.each([400, 200])('that names an error (%i) has not been told', async (status) => {
    const answer = { user: 'invalid', errors: ['user identifier is invalid'], status: 0, request: 'r' };
    const server = await answering(status, answer);
    const delivery = await tell(CHANNEL.replace('PRIORITY', 'high'), secrets(server));
    expect(delivery).toMatchObject({ sent: false, attempts: 1 });
    expect(delivery.reason).toContain('user identifier is invalid');
  });
});

describe('PagerDuty', () => {
  const CHANNEL = 'ops: { type: pagerduty, routing_key: { env: KEY }, url: { env: URL }, retries: 1 }';
  const TAKEN = { status: 'success', message: 'Event processed', dedup_key: 'k' };
  const told = async (...all: AlertFacts[]) => {
    const server = await answering(202, TAKEN);
    for (const facts of all)
      expect(await tell(CHANNEL, { KEY: 'R0', URL: `${server.origin}/v2/enqueue` }, facts)).toEqual(sent);
    return all.map((_, index) => bodyOf(server, index));
  };

  it('gets an event that says what, where and how bad', async () => {
    const [event] = await told(runFacts());
    expect(event).toMatchObject({
      routing_key: 'R0',
      event_action: 'trigger',
      client: 'offsite-rsync',
      payload: {
        summary: 'Not secured: db1/postgres to vault: connection lost',
        source: 'db1',
        severity: 'critical',
        timestamp: '2026-11-23T04:15:00.000Z',
        component: 'postgres',
        custom_details: { outcome: 'connection-lost' },
      },
    });
  });

  it('gets the recovery of a backup under the key of its failure', async () => {
    const good = runFacts({ event: 'recovery', outcome: 'done' });
    const [failure, stale, recovery, other] = await told(
      runFacts(),
      runFacts({ event: 'stale' }),
      good,
      runFacts({ job: 'files' }),
    );
    expect(recovery).toEqual({ routing_key: 'R0', event_action: 'resolve', dedup_key: failure!.dedup_key });
    expect(stale!.dedup_key).toBe(failure!.dedup_key);
    expect(other!.dedup_key).not.toBe(failure!.dedup_key);
  });

  it('gets the end of a problem on the secondary under its key, whatever the words and whether the job is named', async () => {
    const [open, over, another] = await told(
      problemFacts({ key: 'hold:postgres', problem: '2 of them', job: 'postgres' }),
      problemFacts({ key: 'hold:postgres', problem: '3 of them', event: 'recovery' }),
      problemFacts({ key: 'hold:files' }),
    );
    expect(over).toMatchObject({ event_action: 'resolve', dedup_key: open!.dedup_key });
    expect(another!.dedup_key).not.toBe(open!.dedup_key);
  });

  it.each([
    [400, { status: 'invalid event', message: 'Event object is invalid', errors: ["'routing_key' is invalid"] }, 1],
    [200, { status: 'invalid event', message: 'Event object is invalid', errors: ["'routing_key' is invalid"] }, 1],
    [429, { status: 'throttle exceeded', message: 'Too many requests' }, 2],
  ])('that answers %i with an error has not been told', async (status, answer, attempts) => {
    const server = await answering(status, answer);
    const delivery = await tell(CHANNEL, { KEY: 'R0', URL: server.origin });
    expect(delivery).toMatchObject({ sent: false, attempts });
    expect(delivery.reason).toContain(answer.status);
  });
});
