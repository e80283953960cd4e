import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectFault } from '../ssh/support/fault.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';
import { layLine, type Line } from '../support/line.ts';
import { until } from '../support/until.ts';
import { HOST_NETWORK, layVeth, openNetwork, wordsInto, type Network } from './support/hosts.ts';

const [HERE, THERE] = ['10.213.77.1', '10.213.77.2'];

// The primary stands in a network of its own; a pair of virtual interfaces is its only line.
describe.skipIf(process.getuid?.() !== 0)('a line that is unplugged (needs root, for a network namespace)', () => {
  let secondary: Secondary;
  let primary: Primary;
  let network: Network;
  let cable: ReturnType<typeof layVeth>;
  let door: Line;

  beforeAll(async () => {
    // Without these sshd, and with it rrsync's lock, outlives a dead line by the quarter of an hour that TCP takes.
    secondary = await startSecondary(undefined, ['ClientAliveInterval 3', 'ClientAliveCountMax 2']);
    network = await openNetwork();
    cable = layVeth(network, HERE, HOST_NETWORK, THERE);
    // sshd listens on loopback only: this is its door to the virtual line.
    door = await layLine(secondary.sshd.port, THERE);
    primary = await makePrimary({ sshd: secondary.sshd, line: door }, 'postgres');
    primary.wrapper = wordsInto(network);
    await writeFile(join(primary.source, 'small.dump'), 'a little\n');
    await primary.secure();
  });

  afterAll(async () => {
    await door.hangUp();
    await network.stop(); // and the line with it
    await primary.stop();
    await secondary.stop();
  });

  it.each([
    ['here', 'near'],
    ['there', 'far'],
  ] as const)(
    '%s, in the middle of a transfer: the keepalive ends the run, and the next one resumes',
    async (where, end) => {
      await writeFile(join(primary.source, `big-${where}.dump`), randomBytes(4 * 1024 ** 2));
      await primary.configure({ target: { bandwidth_limit: '1MiB' } });
      let cut = 0;
      await expectFault(primary, secondary, {
        code: 12,
        says: /connection lost/,
        advises: /The next run resumes where the last one stopped/,
        provoke: () => undefined,
        undo: () => {
          cable.mend();
          return primary.configure({ target: { busy_timeout: '1m' } });
        },
        run: async () => {
          const running = await primary.start('run', 'postgres');
          await until(() => running.said().includes('sending'));
          await new Promise((resolve) => setTimeout(resolve, 2000));
          cable.cut(end);
          cut = performance.now();
          return running.ended;
        },
      });
      expect(performance.now() - cut).toBeLessThan(60_000);
      const { transfer } = (await primary.history()).at(-1) as { transfer: { literalBytes: number } };
      expect(transfer.literalBytes).toBeLessThan(3.7 * 1024 ** 2);
    },
    120_000,
  );
});
