import { describe, expect, it } from 'vitest';
import { beginConnection, type EarlyConnection } from '../../../../src/run/connection/early-connection.ts';
import type { Connected } from '../../../../src/ssh/connection.ts';

const REFUSED: Connected = { kind: 'failed', failure: { outcome: 'could-not-connect', reason: 'nobody listens' } };

/** A handshake that ends when the test says so. */
interface Handshake {
  readonly signal: AbortSignal;
  settle(end: Connected | Error): void;
}

/** A connection as `take` hands it on, by the number of the handshake that made it. */
interface Numbered {
  readonly number: number;
}

/** A secondary of which every handshake and every closing is written down. */
function world() {
  const handshakes: Handshake[] = [];
  const said: string[] = [];
  const open = new Set<number>();
  let now = 1000;
  const outer = new AbortController();
  const connect = (signal: AbortSignal) =>
    new Promise<Connected>((resolve, reject) => {
      said.push(`begin ${handshakes.length}`);
      signal.addEventListener('abort', () => resolve({ kind: 'aborted' }));
      handshakes.push({
        signal,
        settle: (end) => (end instanceof Error ? reject(end) : resolve(end)),
      });
    });
  return {
    said,
    outer,
    early: beginConnection(connect, outer.signal, { monotonic: () => now }),
    pass: (ms: number) => (now += ms),
    settle: (number: number, end: Connected | Error) => handshakes[number]?.settle(end),
    signalOf: (number: number) => handshakes[number]?.signal,
    die: (number: number) => open.delete(number),
    connect: (number: number) => {
      open.add(number);
      const connection = {
        number,
        isOpen: () => open.has(number),
        close: () => {
          said.push(`close ${number}`);
          open.delete(number);
          return Promise.resolve();
        },
      };
      handshakes[number]?.settle({ kind: 'connected', connection });
    },
  };
}

/** Lets everything go on that waits for nothing but its turn. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function numberTaken(connected: Promise<Connected>): Promise<number> {
  const result = await connected;
  if (result.kind !== 'connected') throw new Error(`not connected: ${result.kind}`);
  return (result.connection as unknown as Numbered).number;
}

async function takeFresh(early: EarlyConnection, connect: () => void): Promise<number> {
  const taken = early.take();
  await settled();
  connect();
  return numberTaken(taken);
}

describe('the early connection', () => {
  it('is begun at once and goes to the first who asks, every later one gets one of its own', async () => {
    const { said, early, connect } = world();
    expect(said).toEqual(['begin 0']);
    connect(0);
    expect(await numberTaken(early.take())).toBe(0);
    expect(await takeFresh(early, () => connect(1))).toBe(1);
    expect(said).toEqual(['begin 0', 'begin 1']);
  });

  it('is waited for when its handshake takes longer than the walk, however long', async () => {
    const { said, early, connect, pass } = world();
    const taken = early.take();
    await settled();
    pass(60_000);
    connect(0);
    expect(await numberTaken(taken)).toBe(0);
    expect(said).toEqual(['begin 0']);
  });

  it('that was open for 20 s is still used; after that it is closed, and then a fresh one is opened', async () => {
    for (const [age, expected] of [
      [20_000, ['begin 0']],
      [20_001, ['begin 0', 'close 0', 'begin 1']],
    ] as const) {
      const { said, early, connect, pass } = world();
      connect(0);
      await settled();
      pass(age);
      await takeFresh(early, () => connect(1));
      expect(said).toEqual(expected);
    }
  });

  it('that has ended meanwhile is replaced, not reported', async () => {
    const { said, early, connect, die } = world();
    connect(0);
    await settled();
    die(0);
    expect(await takeFresh(early, () => connect(1))).toBe(1);
    expect(said).toEqual(['begin 0', 'close 0', 'begin 1']);
  });
});

describe('an early failure', () => {
  it('is what the first who asks is told, without another try; the next one tries anew', async () => {
    const { said, early, connect, settle } = world();
    settle(0, REFUSED);
    expect(await early.take()).toEqual(REFUSED);
    expect(said).toEqual(['begin 0']);
    expect(await takeFresh(early, () => connect(1))).toBe(1);
  });

  it('that is too old is no news: it is tried again', async () => {
    const { early, connect, settle, pass } = world();
    settle(0, REFUSED);
    await settled();
    pass(20_001);
    expect(await takeFresh(early, () => connect(1))).toBe(1);
  });

  it('that is a defect is thrown to who asks, and to nobody when nobody does', async () => {
    const one = world();
    one.settle(0, new Error('no space left'));
    await settled();
    await expect(one.early.take()).rejects.toThrow('no space left');

    // A rejection without a handler would fail this file.
    const other = world();
    other.settle(0, new Error('no space left'));
    await settled();
    await other.early.discard();
  });
});

describe('discarding', () => {
  it('ends a handshake that is under way', async () => {
    const { early, signalOf } = world();
    await early.discard();
    expect(signalOf(0)?.aborted).toBe(true);
  });

  it('closes a connection that nobody took, and may be done twice', async () => {
    const { said, early, connect } = world();
    connect(0);
    await early.discard();
    await early.discard();
    expect(said.slice(0, 2)).toEqual(['begin 0', 'close 0']);
  });

  it('ends a later connection too, should one be left', async () => {
    const { early, connect, signalOf } = world();
    connect(0);
    await early.take();
    void early.take();
    await early.discard();
    expect(signalOf(1)?.aborted).toBe(true);
  });
});

it('the signal of the run ends the handshake, and the attempt is told so', async () => {
  const { early, outer } = world();
  outer.abort();
  expect(await early.take()).toEqual({ kind: 'aborted' });
});
