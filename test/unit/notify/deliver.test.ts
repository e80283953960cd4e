import { describe, expect, it } from 'vitest';
import { deliverAlert, deliverTest } from '../../../src/notify/deliver.ts';
import { ALERT_EVENTS } from '../../../src/notify/events.ts';
import { createRedactor } from '../../../src/shared/redaction.ts';
import { runFacts } from './support/facts.ts';
import { startHttpServer, unusedOrigin } from './support/http-server.ts';
import { settings, testDeps, type TestDeps } from './support/deps.ts';

function hook(name: string, more = ''): string {
  return `${name}: { type: webhook, url: { env: ${name.toUpperCase()} }${more} }`;
}

function logged({ lines }: TestDeps, level: string): string[] {
  return lines.filter((line) => line.level === level).map(({ text }) => text);
}

describe('the journal', () => {
  it('is told even if there is no channel', async () => {
    const deps = testDeps();
    expect(await deliverAlert(runFacts(), settings('ops: { type: desktop, events: [success] }'), deps)).toEqual([]);
    expect(deps.lines).toHaveLength(1);
    expect(deps.lines[0]!.level).toBe('error');
    expect(deps.lines[0]!.text).toMatch(
      /^Not secured: db1\/postgres to vault: connection lost\n {2}The backup postgres/,
    );
    expect(deps.lines[0]!.text).toContain('\n  Why: connection lost: ssh: the line broke\n');
  });

  it('gets each event at its level, but for a start, which the lines of the run tell', async () => {
    const levels = await Promise.all(
      ALERT_EVENTS.map(async (event) => {
        const deps = testDeps();
        await deliverAlert(runFacts({ event }), { channels: {} }, deps);
        return [event, deps.lines[0]?.level];
      }),
    );
    expect(Object.fromEntries(levels)).toEqual({
      start: undefined,
      success: 'info',
      failure: 'error',
      recovery: 'info',
      warning: 'warning',
      stale: 'error',
    });
  });
});

describe('channels', () => {
  it('hear only of the events they want', async () => {
    const server = await startHttpServer();
    const deps = testDeps({ A: `${server.origin}/a`, B: `${server.origin}/b` });
    const both = settings(`${hook('a', ', events: [failure]')}\n${hook('b', ', events: [warning, stale]')}`);
    for (const event of ALERT_EVENTS) await deliverAlert(runFacts({ event }), both, deps);
    const heard = server.received.map(({ path, body }) => `${path} ${(JSON.parse(body) as { event: string }).event}`);
    expect(heard).toEqual(['/a failure', '/b warning', '/b stale']);
  });

  it('that want successes hear of a recovery, since that is one', async () => {
    const server = await startHttpServer();
    const deps = testDeps({ A: server.origin });
    const deliveries = await deliverAlert(
      runFacts({ event: 'recovery', outcome: 'done' }),
      settings(hook('a', ', events: [success]')),
      deps,
    );
    expect(deliveries).toHaveLength(1);
  });

  it('are served side by side: a slow one does not hold up the others', async () => {
    const arrived: string[] = [];
    const server = await startHttpServer((response, { path }) => {
      arrived.push(path);
      // The first answer waits for the second request: one after the other, this would time out.
      const answer = () => (arrived.length === 2 ? response.end() : setTimeout(answer, 10));
      answer();
    });
    const deps = testDeps({ A: `${server.origin}/a`, B: `${server.origin}/b` });
    const deliveries = await deliverAlert(
      runFacts(),
      settings(`${hook('a', ', timeout: 2s, retries: 0')}\n${hook('b', ', timeout: 2s, retries: 0')}`),
      deps,
    );
    expect(deliveries.map(({ sent }) => sent)).toEqual([true, true]);
  });

  it('whose secret is missing fail alone, and the others are told', async () => {
    const server = await startHttpServer();
    const deps = testDeps({ B: server.origin });
    const deliveries = await deliverAlert(runFacts(), settings(`${hook('a')}\n${hook('b')}`), deps);
    expect(deliveries).toEqual([
      { channel: 'a', sent: false, attempts: 1, reason: 'The environment variable A is not set.' },
      { channel: 'b', sent: true, attempts: 1 },
    ]);
    expect(logged(deps, 'warning')).toEqual([
      'Alert channel a (webhook) failed after 1 attempt: The environment variable A is not set.',
    ]);
  });

  it('do not read the secrets of channels that are not used', async () => {
    const read: string[] = [];
    const deps = testDeps(
      {},
      {
        readSecret: (reference) => {
          read.push(JSON.stringify(reference));
          throw new Error('no');
        },
      },
    );
    await deliverAlert(runFacts(), settings(`${hook('a', ', events: [success]')}\n${hook('b')}`), deps);
    expect(read).toEqual(['{"env":"B"}']);
  });

  it('that all fail leave one error in the journal, beside a warning each', async () => {
    const deps = testDeps({ A: await unusedOrigin(), B: 'nonsense' });
    await deliverAlert(runFacts(), settings(`${hook('a', ', retries: 0')}\n${hook('b')}`), deps);
    expect(logged(deps, 'warning')).toHaveLength(2);
    expect(logged(deps, 'error').slice(1)).toEqual([
      'No alert channel could be reached (a, b). Nobody but this log was told: Not secured: db1/postgres to vault: connection lost',
    ]);
  });

  it('of which one works leave no such error', async () => {
    const server = await startHttpServer();
    const deps = testDeps({ A: 'nonsense', B: server.origin });
    await deliverAlert(runFacts(), settings(`${hook('a')}\n${hook('b')}`), deps);
    expect(logged(deps, 'error')).toHaveLength(1); // the alert itself
  });
});

describe('a failing attempt', () => {
  it('is repeated after a pause that grows, as often as the channel allows', async () => {
    const server = await startHttpServer((response) => {
      response.statusCode = 500;
      response.end('oops');
    });
    const deps = testDeps({ A: server.origin });
    const [delivery] = await deliverAlert(runFacts(), settings(hook('a', ', retries: 3')), deps);
    expect(delivery).toMatchObject({ sent: false, attempts: 4, reason: 'the server answered 500: oops' });
    expect(server.received).toHaveLength(4);
    expect(deps.pauses).toEqual([500, 1000, 2000]);
  });

  it.each([408, 425, 429, 500, 502, 503])('with status %i is repeated, and its success counts', async (status) => {
    const server = await startHttpServer((response, _request, count) => {
      response.statusCode = count === 1 ? status : 204;
      response.end();
    });
    const deps = testDeps({ A: server.origin });
    const deliveries = await deliverAlert(runFacts(), settings(hook('a')), deps);
    expect(deliveries).toEqual([{ channel: 'a', sent: true, attempts: 2 }]);
    expect(logged(deps, 'warning')).toEqual([]);
  });

  it('at the start of a run is not repeated: the run must not wait', async () => {
    const server = await startHttpServer((response) => {
      response.statusCode = 503;
      response.end();
    });
    const deps = testDeps({ P: server.origin });
    const ping = settings('ops: { type: ping, url: { env: P }, retries: 5 }');
    expect(await deliverAlert(runFacts({ event: 'start' }), ping, deps)).toMatchObject([{ attempts: 1 }]);
  });
});

describe('a server that hangs', () => {
  it('is given up after the timeout, and its connection closed', async () => {
    const server = await startHttpServer(() => undefined);
    const deps = testDeps({ A: server.origin });
    const began = performance.now();
    const [delivery] = await deliverAlert(runFacts(), settings(hook('a', ', timeout: 200ms, retries: 1')), deps);
    expect(delivery).toMatchObject({ sent: false, attempts: 2, reason: 'no answer within 200 ms' });
    expect(performance.now() - began).toBeLessThan(3000);
    await expect.poll(() => server.openConnections(), { timeout: 3000 }).toBe(0);
  });

  it('after the headers of its answer is given up too', async () => {
    const server = await startHttpServer((response) => {
      response.writeHead(500);
      response.write('x');
    });
    const deps = testDeps({ A: server.origin });
    const deliveries = await deliverAlert(runFacts(), settings(hook('a', ', timeout: 200ms, retries: 0')), deps);
    expect(deliveries).toMatchObject([{ sent: false, reason: 'no answer within 200 ms' }]);
  });

  it('cannot make the whole delivery longer than its limit', async () => {
    const server = await startHttpServer(() => undefined);
    const deps = testDeps({ A: server.origin }, { limitMs: 300 });
    const began = performance.now();
    const deliveries = await deliverAlert(runFacts(), settings(hook('a', ', timeout: 1m, retries: 5')), deps);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(deliveries).toMatchObject([
      { sent: false, attempts: 1, reason: expect.stringContaining('no more time') as string },
    ]);
  });

  it('is left at once when the signal says so', async () => {
    const stop = new AbortController();
    const server = await startHttpServer(() => stop.abort());
    const deps = testDeps({ A: server.origin }, { signal: stop.signal });
    const deliveries = await deliverAlert(runFacts(), settings(hook('a', ', timeout: 1m')), deps);
    expect(deliveries).toMatchObject([{ sent: false, attempts: 1 }]);
  });

  it('is not even asked when the signal came before', async () => {
    const server = await startHttpServer();
    const deps = testDeps({ A: server.origin }, { signal: AbortSignal.abort() });
    expect(await deliverAlert(runFacts(), settings(hook('a')), deps)).toMatchObject([{ sent: false }]);
    expect(server.received).toEqual([]);
  });
});

describe('secrets', () => {
  const CANARY = 'canary-path-8f3a';

  it('of a channel show in no log line and no delivery, even if the server repeats them and the redactor is blind', async () => {
    const server = await startHttpServer((response, { path, headers }) => {
      response.statusCode = 404;
      response.end(`no ${path} for ${headers.authorization ?? ''} at ${headers.host ?? ''}`);
    });
    const deps = testDeps({ A: `${server.origin}/services/${CANARY}`, T: 'canary-token' });
    const deliveries = await deliverAlert(runFacts(), settings(hook('a', ', token: { env: T }')), deps);
    const everything = JSON.stringify([deps.lines, deliveries]);
    expect(everything).toContain('the server answered 404: no [');
    expect(everything).not.toMatch(/canary|127\.0\.0\.1/);
  });

  it('that the process knows are replaced in what is sent', async () => {
    const server = await startHttpServer();
    const redact = createRedactor([{ name: 'vault host', value: 'canary.example' }]);
    const deps = testDeps({ A: server.origin }, { redact });
    await deliverAlert(runFacts({ reason: 'ssh: connect to canary.example' }), settings(hook('a')), deps);
    expect(server.received[0]!.body).toContain('connect to [vault host]');
    expect(server.received[0]!.body + JSON.stringify(deps.lines)).not.toContain('canary.example');
  });

  it('include the address that a host name resolved to', async () => {
    const deps = testDeps({ H: 'localhost', P: new URL(await unusedOrigin()).port, X: 'a@example.org' });
    const mail =
      'mail: { type: email, host: { env: H }, port: { env: P }, from: { env: X }, to: { env: X }, tls: none, retries: 0 }';
    const [delivery] = await deliverAlert(runFacts(), settings(mail), deps);
    expect(delivery).toMatchObject({ sent: false, reason: 'connection refused' });

    const server = await startHttpServer((response) => {
      response.statusCode = 400;
      response.end('bad gateway 192.0.2.7:443, 2001:db8::17, 2001:db8:0:0:0:0:0:17:587 since 10:15:00');
    });
    const [other] = await deliverAlert(runFacts(), settings(hook('a')), testDeps({ A: server.origin }));
    expect(other!.reason).toBe(
      'the server answered 400: bad gateway [address]:443, [address], [address] since 10:15:00',
    );
  });
});

describe('delivering never throws', () => {
  it('even if the log does: the channels are told', async () => {
    const server = await startHttpServer();
    const deps = testDeps(
      { A: server.origin },
      {
        log: () => {
          throw new Error('EPIPE');
        },
      },
    );
    expect(await deliverAlert(runFacts(), settings(hook('a')), deps)).toMatchObject([{ sent: true }]);
  });

  it('even if the facts cannot be worded: then it says that much', async () => {
    const server = await startHttpServer();
    const deps = testDeps({ A: server.origin });
    await deliverAlert(runFacts({ at: new Date('nonsense') }), settings(hook('a')), deps);
    expect(JSON.parse(server.received[0]!.body)).toMatchObject({
      event: 'failure',
      subject: 'offsite-rsync: failure',
      body: expect.stringContaining('could not be worded') as string,
    });
  });
});

describe('a test of the channels', () => {
  it('reaches each, whatever events it wants', async () => {
    const server = await startHttpServer();
    const deps = testDeps({ A: `${server.origin}/a`, P: `${server.origin}/p` });
    const all = settings(`${hook('a', ', events: [stale]')}\nping: { type: ping, url: { env: P } }`);
    expect(await deliverTest(undefined, 'db1', all, deps)).toEqual([
      { channel: 'a', sent: true, attempts: 1 },
      { channel: 'ping', sent: true, attempts: 1 },
    ]);
    // /log: a test neither raises nor ends the alarm of a check.
    expect(server.received.map(({ path }) => path).sort()).toEqual(['/a', '/p/log']);
    const webhook = server.received.find(({ path }) => path === '/a')!;
    expect(JSON.parse(webhook.body)).toMatchObject({ event: 'test', subject: 'Test alert from offsite-rsync on db1' });
  });

  it('of one channel leaves the others alone and tries once', async () => {
    const server = await startHttpServer((response) => {
      response.statusCode = 500;
      response.end();
    });
    const deps = testDeps({ A: server.origin, B: server.origin });
    const deliveries = await deliverTest('b', 'db1', settings(`${hook('a')}\n${hook('b')}`), deps);
    expect(deliveries).toMatchObject([{ channel: 'b', sent: false, attempts: 1 }]);
  });

  it('of a channel that does not exist names those that do', async () => {
    const deps = testDeps();
    expect(await deliverTest('opps', 'db1', settings(`${hook('ops')}\n${hook('desk')}`), deps)).toEqual([
      { channel: 'opps', sent: false, attempts: 0, reason: 'there is no such channel; configured: ops, desk' },
    ]);
    expect(deps.lines).toEqual([]);
  });
});
