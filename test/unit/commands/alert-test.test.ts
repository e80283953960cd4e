import { afterEach, describe, expect, it } from 'vitest';
import { alertTest } from '../../../src/commands/alert/alert-test.ts';
import { makeConfig, testContext, type ConfigDirectory } from './support.ts';

let place: ConfigDirectory | undefined;

afterEach(() => place?.remove());

async function test(channels: Readonly<Record<string, unknown>>, name?: string) {
  place = await makeConfig({ postgres: { source: '/x' } }, { alerts: { channels } });
  const context = testContext('2026-11-23T08:00:00Z');
  const code = await alertTest(name, { config: place.config }, context);
  return `${code}\n${context.said()}`;
}

const good = { type: 'command', command: ['/bin/cat'], events: ['failure'] };
const bad = { type: 'command', command: ['/bin/sh', '-c', 'echo no line >&2; exit 3'] };

describe('alert test', () => {
  it('goes through every channel, whatever events it wants', async () => {
    expect(await test({ pager: good, mail: good })).toBe('0\n✓ pager  sent\n✓ mail   sent\n');
  });

  it('exits 42 when one fails, and says why', async () => {
    const said = await test({ pager: good, phone: bad });
    expect(said).toMatch(/^42\n✓ pager {2}sent\n✗ phone {2}.*no line/);
  });

  it('tries only the channel that is named', async () => {
    expect(await test({ pager: good, phone: bad }, 'pager')).toBe('0\n✓ pager  sent\n');
  });

  it('refuses a channel that does not exist', async () => {
    await expect(test({ pager: good }, 'pagers')).rejects.toThrow(
      'There is no alert channel "pagers"; configured: pager.',
    );
  });

  it('says so when none is configured', async () => {
    await expect(test({})).rejects.toThrow(/No alert channel is configured in .*alerts\.channels/);
  });
});
