import { createServer, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { deliverAlert } from '../../../src/notify/deliver.ts';
import { selfSignedCertificate } from './support/certificate.ts';
import { runFacts } from './support/facts.ts';
import { settings, testDeps } from './support/deps.ts';

/** A server with a certificate that nobody vouches for. Counts the bytes that clients entrust to it. */
async function untrustedServer(greeting = ''): Promise<{ port: string; heard(): string }> {
  let heard = '';
  const server = createServer(selfSignedCertificate(), (socket: TLSSocket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    if (greeting !== '') socket.write(greeting);
  });
  server.on('tlsClientError', () => undefined); // the client hangs up: that is the point
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { port: String((server.address() as AddressInfo).port), heard: () => heard };
}

describe('a server whose certificate nobody vouches for', () => {
  const untrusted = {
    sent: false,
    attempts: 1,
    reason: expect.stringMatching(/^the certificate of the server is not trusted \(self-signed/) as string,
  };

  it('gets no webhook', async () => {
    const server = await untrustedServer();
    const deps = testDeps({ URL: `https://localhost:${server.port}/canary` });
    const deliveries = await deliverAlert(runFacts(), settings('ops: { type: webhook, url: { env: URL } }'), deps);
    expect(deliveries).toMatchObject([untrusted]);
    expect(server.heard()).toBe('');
  });

  it('gets no mail and no password', async () => {
    const server = await untrustedServer('220 test.invalid ESMTP\r\n');
    const secrets = { H: 'localhost', P: server.port, A: 'a@example.org', U: 'user', W: 'password' };
    const channel =
      'ops: { type: email, tls: implicit, host: { env: H }, port: { env: P }, from: { env: A }, to: { env: A }, user: { env: U }, password: { env: W } }';
    expect(await deliverAlert(runFacts(), settings(channel), testDeps(secrets))).toMatchObject([untrusted]);
    expect(server.heard()).toBe('');
  });
});
