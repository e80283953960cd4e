import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * Bytes that went over a line: towards the server, and back. They include what ssh itself adds (handshake, encryption).
 */
export interface Traffic {
  readonly up: number;
  readonly down: number;
}

/** A TCP line to a server, with an address of its own, that counts bytes and can be cut. */
export interface Line {
  readonly host: string;
  readonly port: number;
  /** What has gone over it so far. */
  traffic(): Traffic;
  /** Closes every connection at once; new ones are possible. */
  cut(): void;
  /** From now on nothing goes through, silently: no FIN, no RST. New connections are accepted and stay silent. */
  freeze(): void;
  /** Lets new connections through again; frozen ones are gone. */
  mend(): void;
  /** Calls `act` once, as soon as so many more bytes have gone towards the server. */
  after(bytes: number, act: () => void): void;
  /** Calls `look` each time before something is passed on that came from the server, until it is called without. */
  beforeAnswers(look?: () => void): void;
  /** Ends it: nothing listens afterwards, unless {@link Line.listen} is called. */
  hangUp(): Promise<void>;
  listen(): Promise<void>;
}

/**
 * Lays a line.
 * @param to port on 127.0.0.1 to which it leads
 * @param host a loopback address at which it begins
 */
export async function layLine(to: number, host = '127.0.0.1'): Promise<Line> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let frozen = false;
  let up = 0;
  let down = 0;
  let trigger: { at: number; act: () => void } | undefined;
  let before: (() => void) | undefined;
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: to, host: '127.0.0.1', noDelay: true });
    const pair = [near, far] as const;
    pairs.add(pair);
    near.on('data', (chunk) => {
      if (frozen) return;
      up += chunk.length;
      if (!far.write(chunk)) near.pause();
      if (trigger && up >= trigger.at) {
        const { act } = trigger;
        trigger = undefined;
        act();
      }
    });
    far.on('data', (chunk) => {
      if (frozen) return;
      before?.();
      down += chunk.length;
      if (!near.write(chunk)) far.pause();
    });
    far.on('drain', () => near.resume());
    near.on('drain', () => far.resume());
    for (const [one, other] of [pair, [far, near] as const]) {
      one.on('error', () => undefined); // cut lines are expected here
      one.on('close', () => {
        if (frozen) return;
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
        ({ port } = server.address() as AddressInfo);
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
  await listen();
  return {
    host,
    port,
    traffic: () => ({ up, down }),
    cut,
    freeze: () => (frozen = true),
    mend: () => {
      cut();
      frozen = false;
    },
    after: (bytes, act) => (trigger = { at: up + bytes, act }),
    beforeAnswers: (look) => (before = look),
    hangUp: () =>
      new Promise((resolve) => {
        cut();
        server.close(() => resolve());
      }),
    listen,
  };
}
