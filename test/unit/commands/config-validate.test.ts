import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { alertTest } from '../../../src/commands/alert/alert-test.ts';
import { validateConfig } from '../../../src/commands/config/config-validate.ts';
import { doctor } from '../../../src/commands/doctor/doctor.ts';
import { makeConfig, testContext, type ConfigDirectory } from './support.ts';

let place: ConfigDirectory | undefined;

afterEach(() => place?.remove());

async function configured(top: Readonly<Record<string, unknown>> = {}, job: Readonly<Record<string, unknown>> = {}) {
  place = await makeConfig({ postgres: { source: '/x', ...job } }, top);
  return place;
}

const environment = { NOT_SET: '1', PATH: process.env.PATH };
const HEARD = { channels: { screen: { type: 'desktop' } } };
const expected = { expect: { schedule: '15 2 * * *' } };

async function validate(config: string, secrets = false) {
  const context = testContext('2026-11-23T08:00:00Z', { environment });
  const code = await validateConfig({ config, secrets }, context);
  return { code, said: context.said(), lines: context.lines };
}

describe('config validate', () => {
  it('warns of a job that is not expected and of alerts that reach nobody, and exits 0', async () => {
    const { config } = await configured();
    const { code, lines } = await validate(config);
    expect(code).toBe(0);
    expect(lines).toEqual([
      { level: 'warning', text: expect.stringMatching(/^jobs\.postgres has no expect/) as string },
      { level: 'warning', text: expect.stringMatching(/^There is no alert channel/) as string },
    ]);
  });

  it('warns of an exclude that begins with the path of the source, and says what was meant', async () => {
    const exclude = ['/srv/db/tmp/', '/srv/db-old', '/srv/db', 'srv/db/tmp', '/tmp', '/srv/db/**/*.log'];
    const { config } = await configured({ alerts: HEARD }, { ...expected, source: '/srv/db', exclude });
    expect((await validate(config)).lines.map(({ text }) => text)).toEqual([
      expect.stringMatching(/"\/srv\/db\/tmp\/" leaves nothing out.* Write "\/tmp\/"\.$/) as string,
      expect.stringMatching(/Write "\/\*\*\/\*\.log"\.$/) as string,
    ]);
  });

  it('says nothing of patterns where the source is everything', async () => {
    const { config } = await configured(
      { alerts: HEARD, state_dir: '/var/lib/x', runtime_dir: '/run/x' },
      { ...expected, source: '/', exclude: ['/proc', '/var/lib/x', '/run'] },
    );
    expect((await validate(config)).lines).toEqual([]);
  });

  it('says nothing more where nothing is silent', async () => {
    const { config } = await configured({ alerts: HEARD }, expected);
    expect((await validate(config)).lines).toEqual([]);
  });

  it('finds with --secrets that the program of a channel is missing', async () => {
    const to = { env: 'NOT_SET' };
    const channels = {
      mail: { type: 'sendmail', to, program: '/nonexistent/sendmail' },
      page: { type: 'command', command: ['no-such-program-here'] },
      here: { type: 'command', command: ['sh', '-c', 'true'] },
    };
    const { config } = await configured({ alerts: { channels } }, expected);
    const { code, lines } = await validate(config, true);
    expect(lines.map(({ text }) => text)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^alert channel mail: \/nonexistent\/sendmail does not exist/),
        expect.stringMatching(/^alert channel page: no-such-program-here is not found in PATH/),
      ]),
    );
    expect(lines.filter(({ text }) => text.includes('here:'))).toEqual([]);
    expect(code).not.toBe(0);
  });
});

describe('doctor', () => {
  it('notes what is silent without calling it a fault, and finds that sendmail is missing', async () => {
    const { config } = await configured({
      alerts: {
        channels: {
          mail: { type: 'sendmail', to: { env: 'NOT_SET' }, program: '/nonexistent/sendmail', events: ['success'] },
        },
      },
    });
    // Without secrets of the target: that ends the look at the job, for which a clock that stands still would not do.
    const context = testContext('2026-11-23T08:00:00Z', { environment: { PATH: process.env.PATH } });
    await doctor(undefined, { config }, context);
    expect(context.said()).toMatch(/· jobs\.postgres has no expect/);
    expect(context.said()).toMatch(/· No alert channel has failure among its events/);
    expect(context.said()).toMatch(/✗ alert channel mail: \/nonexistent\/sendmail does not exist/);
  });
});

describe('a secrets file that others can read', () => {
  async function readable() {
    const made = await configured();
    const secrets = join(made.directory, 'secrets.env');
    await writeFile(secrets, 'IN_THE_FILE=x\n');
    await chmod(secrets, 0o644);
    const own = join(made.directory, 'token');
    await writeFile(own, 'secret\n', { mode: 0o600 });
    const cat = ['/bin/cat'];
    const channels = {
      plain: { type: 'command', command: cat },
      variable: { type: 'command', command: cat, env: { TOKEN: { env: 'NOT_SET' } } },
      file: { type: 'command', command: cat, env: { TOKEN: { file: own } } },
      both: { type: 'command', command: cat, env: { TOKEN: { env: 'IN_THE_FILE' } } },
      missing: { type: 'command', command: cat, env: { TOKEN: { file: join(made.directory, 'none') } } },
    };
    const text = JSON.parse(await readFile(made.config, 'utf8')) as Record<string, unknown>;
    await writeFile(made.config, JSON.stringify({ ...text, secrets_file: secrets, alerts: { channels } }));
    return made;
  }

  it('silences the channels alone that need something from it', async () => {
    const { config } = await readable();
    const context = testContext('2026-11-23T08:00:00Z', { environment });
    expect(await alertTest(undefined, { config }, context)).toBe(42);
    expect(context.said()).toMatch(/✓ plain +sent\n✓ variable +sent\n✓ file +sent\n✗ both .*readable by others/);
  });

  it('is told once by config validate, and hides no other problem', async () => {
    const { config } = await readable();
    const { code, lines } = await validate(config, true);
    expect(code).toBe(3);
    const errors = lines.filter(({ level }) => level === 'error').map(({ text }) => text);
    expect(errors.filter((text) => text.includes('readable by others'))).toHaveLength(1);
    expect(errors).toContainEqual(expect.stringMatching(/^alert channel missing, env\.TOKEN: .*none does not exist/));
  });
});
