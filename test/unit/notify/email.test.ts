import { describe, expect, it } from 'vitest';
import { deliverAlert, type Delivery } from '../../../src/notify/deliver.ts';
import type { ChannelSettings } from '../../../src/notify/registry.ts';
import { runFacts } from './support/facts.ts';
import { settings, testDeps, type TestDeps } from './support/deps.ts';
import { startSmtpServer, type ReceivedMail, type SmtpServer } from './support/smtp-server.ts';

// The SMTP server is a fake without TLS (support/smtp-server.ts); the client is the real nodemailer.

const PLAIN =
  '{ type: email, host: { env: H }, port: { env: P }, from: { env: F }, to: { env: T }, tls: none, retries: 0 }';

function secrets(server: SmtpServer, change: Record<string, string> = {}): Record<string, string> {
  return { H: '127.0.0.1', P: String(server.port), F: 'backup@example.org', T: 'ops@example.org', ...change };
}

async function mail(channel: string, deps: TestDeps, facts = runFacts()): Promise<Delivery> {
  const [delivery] = await deliverAlert(facts, settings(`mail: ${channel}`), deps);
  return delivery!;
}

/** A login in the clear: no configuration can ask for it, but the fake speaks no TLS. */
async function mailWithLoginInTheClear(channel: string, deps: TestDeps): Promise<Delivery> {
  const { channels } = settings(`mail: ${channel.replace('tls: none', 'tls: starttls')}`);
  const inTheClear = { mail: { ...channels.mail, tls: 'none' } as ChannelSettings };
  const [delivery] = await deliverAlert(runFacts(), { channels: inTheClear }, deps);
  return delivery!;
}

/** The header block, with folded lines put together. */
function headers({ data }: ReceivedMail): string[] {
  const [head = ''] = data.split('\r\n\r\n');
  return head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
}

/** A header's value, decoded from the encoded words of RFC 2047. */
function header(received: ReceivedMail, name: string): string {
  const line = headers(received).find((text) => text.toLowerCase().startsWith(`${name.toLowerCase()}: `)) ?? '';
  return line
    .slice(name.length + 2)
    .replace(/(\?=) +(=\?)/g, '$1$2')
    .replace(/=\?UTF-8\?([BQ])\?([^?]*)\?=/gi, (_, encoding: string, text: string) =>
      encoding.toUpperCase() === 'B'
        ? Buffer.from(text, 'base64').toString()
        : Buffer.from(
            text
              .replaceAll('_', ' ')
              .replace(/=([0-9A-F]{2})/g, (__, hex: string) => String.fromCharCode(parseInt(hex, 16))),
            'latin1',
          ).toString(),
    );
}

/** The body as text, whatever its transfer encoding. */
function body(received: ReceivedMail): string {
  const text = received.data.slice(received.data.indexOf('\r\n\r\n') + 4);
  if (header(received, 'Content-Transfer-Encoding') === 'base64') return Buffer.from(text, 'base64').toString();
  if (header(received, 'Content-Transfer-Encoding') !== 'quoted-printable') return text;
  const bytes = text
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

describe('a mail', () => {
  it('arrives with the subject, the body and marks for machines', async () => {
    const server = await startSmtpServer();
    const delivery = await mail(PLAIN, testDeps(secrets(server)));
    expect(delivery).toEqual({ channel: 'mail', sent: true, attempts: 1 });
    const [received] = server.mails as [ReceivedMail];
    expect(received.from).toContain('<backup@example.org>');
    expect(received.to).toEqual([expect.stringContaining('<ops@example.org>')]);
    expect(header(received, 'Subject')).toBe('Not secured: db1/postgres to vault: connection lost');
    expect(header(received, 'Auto-Submitted')).toBe('auto-generated');
    expect(header(received, 'X-Offsite-Event')).toBe('failure');
    expect(header(received, 'X-Offsite-Job')).toBe('postgres');
    expect(header(received, 'Importance')).toBe('High');
    expect(body(received)).toContain('Why: connection lost: ssh: the line broke');
  });

  it('reaches several recipients', async () => {
    const server = await startSmtpServer();
    const deps = testDeps(secrets(server, { T: 'Ops <ops@example.org>, db@example.org' }));
    expect(await mail(PLAIN, deps)).toMatchObject({ sent: true });
    expect(server.mails[0]!.to).toHaveLength(2);
  });

  it('keeps what is not ASCII in subject and body', async () => {
    const server = await startSmtpServer();
    const facts = runFacts({ job: 'täglich-備份', reason: 'Gerät voll 💾' });
    await mail(PLAIN, testDeps(secrets(server)), facts);
    const [received] = server.mails as [ReceivedMail];
    expect(header(received, 'Subject')).toBe('Not secured: db1/täglich-備份 to vault: connection lost');
    expect(body(received)).toContain('Gerät voll 💾');
  });

  it('gets no further header, recipient or line from a file name', async () => {
    const server = await startSmtpServer();
    const evil = 'x\r\nBcc: all@example.org\r\n\r\n.\r\nRCPT TO:<all@example.org>';
    const facts = runFacts({ event: 'warning', job: evil, target: evil, host: evil, warnings: [evil], reason: evil });
    expect(await mail(PLAIN, testDeps(secrets(server)), facts)).toMatchObject({ sent: true });
    const [received] = server.mails as [ReceivedMail];
    expect(headers(received).filter((line) => /^(bcc|rcpt)/i.test(line))).toEqual([]);
    expect(received.to).toEqual([expect.stringContaining('ops@example.org')]);
    expect(server.commands.filter((command) => command.includes('all@'))).toEqual([]);
    expect(header(received, 'Subject')).toContain('Bcc: all@example.org'); // harmless there, and nothing is hidden
  });

  it('is not sent with a line break in an address', async () => {
    const server = await startSmtpServer();
    const deps = testDeps(secrets(server, { T: 'ops@example.org\nall@example.org' }));
    expect(await mail(PLAIN, deps)).toMatchObject({
      sent: false,
      attempts: 1,
      reason: 'a mail address in a secret holds a line break or another control character',
    });
    expect(server.connections().made).toBe(0);
  });
});

describe('a mail server', () => {
  const WITH_LOGIN =
    '{ type: email, host: { env: H }, port: { env: P }, from: { env: F }, to: { env: T }, user: { env: U }, password: { env: W }, tls: none, retries: 0 }';

  it('without TLS never sees the password when starttls is the rule', async () => {
    const server = await startSmtpServer();
    const starttls = WITH_LOGIN.replace('tls: none', 'tls: starttls');
    const delivery = await mail(starttls, testDeps(secrets(server, { U: 'ops', W: 'canary-password' })));
    expect(delivery).toMatchObject({ sent: false, attempts: 1 });
    expect(delivery.reason).toMatch(/TLS/);
    expect(server.commands.some((command) => command.startsWith('AUTH'))).toBe(false);
    expect(server.mails).toEqual([]);
  });

  it('that does not speak TLS fails an implicit channel', async () => {
    const server = await startSmtpServer();
    const implicit = PLAIN.replace('tls: none', 'tls: implicit, timeout: 2s');
    expect(await mail(implicit, testDeps(secrets(server)))).toMatchObject({ sent: false });
    expect(server.mails).toEqual([]);
  });

  it('that refuses the login is not asked again, and shows no secret in the log', async () => {
    const server = await startSmtpServer((command) =>
      command.startsWith('AUTH') ? '535 canary-user and canary-password do not match' : undefined,
    );
    const deps = testDeps(secrets(server, { U: 'canary-user', W: 'canary-password' }));
    const delivery = await mailWithLoginInTheClear(WITH_LOGIN.replace('retries: 0', 'retries: 3'), deps);
    expect(delivery).toMatchObject({ sent: false, attempts: 1 });
    expect(delivery.reason).toMatch(/535/);
    expect(JSON.stringify([delivery, deps.lines])).not.toMatch(/canary|Y2FuYXJ5/); // nor in base64
  });

  it('that is busy (4yz) is asked again, and the mail arrives once', async () => {
    const server = await startSmtpServer((command, connection) =>
      command.startsWith('RCPT') && connection === 1 ? '450 greylisted, come back' : undefined,
    );
    const delivery = await mail(PLAIN.replace('retries: 0', 'retries: 2'), testDeps(secrets(server)));
    expect(delivery).toMatchObject({ sent: true, attempts: 2 });
    expect(server.mails).toHaveLength(1);
  });

  it('that refuses for good (5yz) is not asked again', async () => {
    const server = await startSmtpServer((command) => (command === '.' ? '554 no spam here' : undefined));
    const delivery = await mail(PLAIN.replace('retries: 0', 'retries: 2'), testDeps(secrets(server)));
    expect(delivery).toMatchObject({ sent: false, attempts: 1 });
    expect(delivery.reason).toContain('554 no spam here');
  });

  it('that refuses one of two recipients has sent it, with a warning that names neither', async () => {
    const server = await startSmtpServer((command) =>
      command.includes('db@') ? '550 <db@example.org> unknown' : undefined,
    );
    const deps = testDeps(secrets(server, { T: 'ops@example.org, db@example.org' }));
    expect(await mail(PLAIN, deps)).toEqual({ channel: 'mail', sent: true, attempts: 1 });
    const warnings = deps.lines.filter(({ level }) => level === 'warning').map(({ text }) => text);
    expect(warnings).toEqual(['Alert channel mail (email): sent, but the mail server refused 1 of 2 recipients']);
  });

  it('that refuses every recipient by name has its answer logged without the address', async () => {
    const server = await startSmtpServer((command) =>
      command.startsWith('RCPT') ? '550 <ops@example.org> unknown' : undefined,
    );
    const deps = testDeps(secrets(server, { T: 'Ops <ops@example.org>' }));
    const delivery = await mail(PLAIN, deps);
    expect(delivery.reason).toContain('550');
    expect(JSON.stringify([delivery, deps.lines])).not.toContain('ops@example.org');
  });

  it.each(['CONNECT', 'EHLO', 'MAIL', '.'])('that hangs at %s is given up in time and hung up on', async (stage) => {
    const server = await startSmtpServer((command) => (command.startsWith(stage) ? 'hang' : undefined));
    const began = performance.now();
    const delivery = await mail(PLAIN.replace('retries', 'timeout: 300ms, retries'), testDeps(secrets(server)));
    expect(performance.now() - began).toBeLessThan(3000);
    expect(delivery.sent).toBe(false);
    expect(server.connections().made).toBe(1);
    await expect.poll(() => server.connections().open, { timeout: 3000 }).toBe(0);
  });

  it('that dribbles an answer without an end is given up in time and hung up on', async () => {
    const server = await startSmtpServer((command) => (command.startsWith('EHLO') ? 'dribble' : undefined));
    const delivery = await mail(PLAIN.replace('retries', 'timeout: 300ms, retries'), testDeps(secrets(server)));
    expect(delivery).toMatchObject({ sent: false, reason: 'no answer within 300 ms' });
    await expect.poll(() => server.connections().open, { timeout: 2000 }).toBe(0);
  });

  it('with a port that is none is a mistake in the secret', async () => {
    const server = await startSmtpServer();
    const delivery = await mail(PLAIN, testDeps(secrets(server, { P: 'smtp' })));
    expect(delivery).toMatchObject({ sent: false, attempts: 1, reason: 'the port in the secret is no port number' });
  });
});
