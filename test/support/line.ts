import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * Bytes that went over a line: towards the server, and back. They include what ssh itself adds (handshake, encryption).
 */
export interface Traffic {
  readonly up: number;
  readonly down: number;
}

/** What holds up what goes over a line, each way. */
export interface Weather {
  /** Milliseconds that everything takes longer. */
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
  /** Milliseconds for which the next piece, and what follows it, is held up. */
  readonly holdUp?: () => number;
}

/** A TCP line to a server, with an address of its own, that counts bytes and can be cut. */
export interface Line {
  readonly host: string;
  readonly port: number;
  /** What has gone over it so far. */
  traffic(): Traffic;
  /** Closes every connection at once; new ones are possible. */
  cut(): void;
  /** Ends one direction of every connection: the server (`far`) or the client (`near`) hears nothing more, but may still speak. */
  halfClose(end: 'near' | 'far'): void;
  /** From now on everything is held up; called without, nothing is any more. */
  weather(weather?: Weather): void;
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
  let weather: Weather | undefined;
  let up = 0;
  let down = 0;
  let trigger: { at: number; act: () => void } | undefined;
  let before: (() => void) | undefined;
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: to, host: '127.0.0.1', noDelay: true });
    const pair = [near, far] as const;
    pairs.add(pair);
    const there = carrier(near, far, () => weather);
    const back = carrier(far, near, () => weather);
    near.on('data', (chunk) => {
      if (frozen) return;
      up += chunk.length;
      there.carry(chunk);
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
      back.carry(chunk);
    });
    for (const [one, other, way] of [[near, far, there] as const, [far, near, back] as const]) {
      one.on('error', () => undefined); // cut lines are expected here
      one.on('close', () => {
        if (frozen) return;
        pairs.delete(pair);
        way.end(() => other.destroy());
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
    halfClose: (end) => {
      for (const [near, far] of pairs) (end === 'near' ? near : far).end();
    },
    weather: (next) => (weather = next),
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

/** Carries what comes from one socket to another, as the weather lets it; in order. */
function carrier(from: Socket, to: Socket, weatherNow: () => Weather | undefined) {
  const waiting: { readonly at: number; readonly chunk: Buffer }[] = [];
  let free = 0;
  let last = 0;
  let atEnd: (() => void) | undefined;
  const pass = (chunk: Buffer) => {
    // One direction may have been ended.
    if (to.writable && !to.write(chunk)) from.pause();
  };
  const deliver = () => {
    while (waiting[0] !== undefined && waiting[0].at <= performance.now()) pass(waiting.shift()!.chunk);
    if (waiting[0] !== undefined) setTimeout(deliver, waiting[0].at - performance.now());
    else {
      if (!to.writableNeedDrain) from.resume();
      atEnd?.();
    }
  };
  to.on('drain', () => {
    if (waiting.length === 0) from.resume();
  });
  return {
    carry: (chunk: Buffer) => {
      const weather = weatherNow();
      if (weather === undefined && waiting.length === 0) {
        pass(chunk);
        return;
      }
      const { delayMs = 0, bytesPerSecond = Infinity, holdUp = () => 0 } = weather ?? {};
      free = Math.max(free, performance.now()) + holdUp() + (chunk.length / bytesPerSecond) * 1000;
      last = Math.max(last, free + delayMs);
      waiting.push({ at: last, chunk });
      if (waiting.length === 1) setTimeout(deliver, last - performance.now());
      if (waiting.length > QUEUE) from.pause();
    },
    /** Calls back when everything has been delivered. */
    end: (done: () => void) => {
      if (waiting.length === 0) done();
      else atEnd = done;
    },
  };
}

/** Pieces that are held up before the sender has to wait. */
const QUEUE = 16;
