import { createServer, connect, type Socket } from 'node:net';

/** A TCP line to a server, with an address of its own, that can be cut. */
export interface Line {
  readonly host: string;
  readonly port: number;
  /** Bytes that went towards the server so far. */
  readonly sent: () => number;
  /** Closes every connection at once; new ones are let through. */
  cut(): void;
  /** From now on nothing goes through, and nobody is told: no FIN, no RST. New connections are accepted and stay silent. */
  freeze(): void;
  /** Lets new connections through again; frozen ones are gone. */
  mend(): void;
  /** Calls `act` once, as soon as so many more bytes went towards the server. */
  after(bytes: number, act: () => void): void;
  /** Nothing listens any more until {@link Line.listen}. */
  hangUp(): Promise<void>;
  listen(): Promise<void>;
  stop(): Promise<void>;
}

/** Lays a line from `host` (an address of loopback) to a port on 127.0.0.1. */
export async function layLine(host: string, to: number): Promise<Line> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let frozen = false;
  let sent = 0;
  let trigger: { at: number; act: () => void } | undefined;
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    const pair = [near, far] as const;
    pairs.add(pair);
    const dead = () => frozen;
    near.on('data', (chunk) => {
      if (dead()) return;
      sent += chunk.length;
      if (!far.write(chunk)) near.pause();
      if (trigger && sent >= trigger.at) {
        const { act } = trigger;
        trigger = undefined;
        act();
      }
    });
    far.on('data', (chunk) => {
      if (!dead() && !near.write(chunk)) far.pause();
    });
    far.on('drain', () => near.resume());
    near.on('drain', () => far.resume());
    for (const [one, other] of [pair, [far, near] as const]) {
      one.on('error', () => undefined); // a cut line is what we are here for
      one.on('close', () => {
        if (dead()) return;
        pairs.delete(pair);
        other.destroy();
      });
    }
  });
  let port = 0;
  const listen = () =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        const address = server.address();
        port = typeof address === 'object' && address !== null ? address.port : 0;
        resolve();
      });
    });
  const cut = () => {
    for (const [near, far] of pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    pairs.clear();
  };
  const hangUp = () =>
    new Promise<void>((resolve) => {
      cut();
      server.close(() => resolve());
    });
  await listen();
  return {
    host,
    port,
    sent: () => sent,
    cut,
    freeze: () => (frozen = true),
    mend: () => {
      cut();
      frozen = false;
    },
    after: (bytes, act) => (trigger = { at: sent + bytes, act }),
    hangUp,
    listen,
    stop: hangUp,
  };
}
