import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import { defaultConfigFile } from '../../../src/config/location.ts';
import type { Coupling } from '../../../src/systemd/coupling.ts';
import { userManager } from '../../../src/systemd/manager.ts';
import { planUnits, type UnitPlan } from '../../../src/systemd/plan-units.ts';
import type { Program } from '../../../src/systemd/services.ts';

const PROGRAM: Program = { words: ['/usr/local/bin/offsite-rsync'], config: undefined };
const WAITING: Coupling = { style: 'exec-start-post', backupUnit: 'pg-backup.service' };

const TARGET = {
  host: { credential: 'vault-host' },
  user: { env: 'VAULT_USER' },
  identity: { credential: 'vault-key' },
  known_hosts: { file: '/etc/offsite-rsync/vault.known_hosts' },
};

interface Change {
  readonly job?: Readonly<Record<string, unknown>>;
  readonly top?: Readonly<Record<string, unknown>>;
  readonly coupling?: Coupling;
  readonly program?: Program;
  readonly name?: string;
}

function plan({ job = {}, top = {}, coupling = WAITING, program = PROGRAM, name = 'postgres' }: Change = {}): UnitPlan {
  const text = JSON.stringify({
    version: 1,
    state_dir: '/var/lib/offsite-rsync', // where root has it, whoever runs this
    targets: { vault: TARGET },
    jobs: { [name]: { source: '/var/backups/postgres', ...job } },
    ...top,
  });
  const settings = parseConfig('config.yaml', text);
  return planUnits(settings, settings.jobs.get(name)!, coupling, program);
}

function lines(units: UnitPlan, path: string): string[] {
  const file = units.files.find((one) => one.path === path);
  if (!file) throw new Error(`no ${path} in ${units.files.map((one) => one.path).join(', ')}`);
  return file.text.split('\n');
}

const DROP_IN = 'pg-backup.service.d/offsite-rsync.conf';
const JOB = 'offsite-rsync@postgres.service.d/job.conf';
const TRANSFER = 'offsite-rsync@.service';
const ALERT = 'offsite-rsync-alert@.service';

describe('the drop-in of the backup unit', () => {
  it('starts our service outside of the sandbox of the unit, and waits without a limit', () => {
    expect(lines(plan(), DROP_IN)).toEqual(
      expect.arrayContaining([
        'ExecStartPost=+/usr/bin/systemctl start offsite-rsync@postgres.service',
        'TimeoutStartSec=infinity',
        'OnFailure=offsite-rsync-alert@%n.service',
      ]),
    );
  });

  it('leaves the limits of the unit alone when the transfer only follows it', () => {
    const text = lines(plan({ coupling: { style: 'on-success', backupUnit: 'pg-backup.service' } }), DROP_IN).join(
      '\n',
    );
    expect(text).toContain('\nOnSuccess=offsite-rsync@postgres.service\n');
    expect(text).not.toContain('[Service]');
  });

  it.each(['../x.service', 'x/y.service', 'pg-backup.timer', '.service', '@.service', 'a\nb.service'])(
    'is not written for %j, which is no service',
    (backupUnit) => {
      expect(() => plan({ coupling: { style: 'on-success', backupUnit } })).toThrow(/is not the name of a service/);
    },
  );
});

describe('every unit of ours', () => {
  it('names the manual, and no unit of others does', () => {
    for (const coupling of [WAITING, { style: 'path', marker: '/m' } as const]) {
      for (const { path, text } of plan({ coupling, job: { verify: { schedule: '0 4 * * *' } } }).files) {
        expect(text.includes('Documentation=man:offsite-rsync(1)'), path).toBe(!path.includes('.d/'));
      }
    }
  });
});

describe('units of an ordinary user', () => {
  const manager = userManager({ HOME: '/home/me' });
  const users = (change: Change = {}) => plan({ ...change, program: { ...PROGRAM, manager } });

  it('ask for nothing that his manager cannot do', () => {
    const all = users({ job: { source: '/home/me/dumps', verify: { schedule: '0 4 * * *' } } });
    for (const { path, text } of all.files) {
      const beyond =
        /^(Protect|Private|Capability|Ambient|Inaccessible|ReadOnly|ReadWrite|State|Runtime|Device)\w*=|network-online|=\+/m;
      expect(beyond.exec(text)?.[0], path).toBeUndefined();
    }
    expect(lines(all, TRANSFER)).toEqual(
      expect.arrayContaining(['NoNewPrivileges=yes', 'SystemCallFilter=@system-service', 'UMask=0077']),
    );
    expect(all.files.map(({ path }) => path)).not.toContain('offsite-rsync-awake@.service');
  });

  it('are started, asked about and enabled there', () => {
    expect(lines(users(), DROP_IN)).toContain(
      'ExecStartPost=/usr/bin/systemctl --user start offsite-rsync@postgres.service',
    );
    expect(lines(users(), ALERT)).toContain('ExecStart=/usr/local/bin/offsite-rsync alert unit --user -- %i');
    expect(lines(users(), JOB)).toContain(
      `LoadCredential=vault-key:${dirname(defaultConfigFile({ HOME: '/home/me' }))}/credentials/vault-key`,
    );
    const marked = users({ coupling: { style: 'path', marker: '/home/me/done' } });
    expect(lines(marked, 'offsite-rsync-postgres.path')).toContain('WantedBy=default.target');
    expect(manager.units).toBe('/home/me/.config/systemd/user');
    expect(userManager({ HOME: '/h', XDG_CONFIG_HOME: '/c' }).units).toBe('/c/systemd/user');
  });
});

describe('the transfer', () => {
  it('may say what it does, and keeps the machine awake meanwhile', () => {
    expect(lines(plan(), TRANSFER)).toEqual(
      expect.arrayContaining(['NotifyAccess=all', 'Wants=offsite-rsync-awake@%i.service']),
    );
    const awake = lines(plan(), 'offsite-rsync-awake@.service');
    expect(awake).toContain('StopWhenUnneeded=yes');
    expect(awake.find((line) => line.startsWith('ExecStart='))).toMatch(/^ExecStart=-.* --what=sleep:shutdown /);
  });

  it('loads a credential as it lies there: encrypted or not', () => {
    const program: Program = { ...PROGRAM, encrypted: (name) => name === 'vault-key' };
    const job = lines(plan({ program }), JOB);
    expect(job).toContain('LoadCredentialEncrypted=vault-key:/etc/offsite-rsync/credentials/vault-key.cred');
    expect(job).toContain('LoadCredential=vault-host:/etc/offsite-rsync/credentials/vault-host');
    expect(job).toContain('SetCredential=vault-key:\\n');
  });
});

describe('the path unit', () => {
  it('watches the marker and starts the transfer', () => {
    const units = plan({ coupling: { style: 'path', marker: '/var/back ups/100% done' } });
    expect(lines(units, 'offsite-rsync-postgres.path')).toEqual(
      expect.arrayContaining(['PathChanged=/var/back ups/100%% done', 'Unit=offsite-rsync@postgres.service']),
    );
    expect(units.enable).toEqual(['offsite-rsync-postgres.path', 'offsite-rsync-freshness.timer']);
  });
});

describe('a marker in the source', () => {
  const marked = (marker: string, job: Readonly<Record<string, unknown>> = {}, program = PROGRAM) =>
    plan({ coupling: { style: 'path', marker }, job, program });

  it('is refused: it would be sent, and would make an old dump look fresh', () => {
    expect(() => marked('/var/backups/postgres/done')).toThrow(/lies in the source/);
    const waysTo = (path: string) => [path, path.replace('/var/backups', '/srv')];
    expect(() => marked('/srv/postgres/sub/done', {}, { ...PROGRAM, waysTo })).toThrow(/lies in the source/);
  });

  it('passes beside the source, or where it is excluded', () => {
    expect(() => marked('/var/backups/postgres.done')).not.toThrow();
    expect(() => marked('/var/backups/postgres/done', { exclude: ['/done'] })).not.toThrow();
  });
});

describe('the verification', () => {
  const SERVICE = 'offsite-rsync-verify@.service';
  const DROP = 'offsite-rsync-verify@postgres.service.d/job.conf';
  const TIMER = 'offsite-rsync-verify@postgres.timer';
  const verified = (job: Readonly<Record<string, unknown>> = {}) =>
    plan({ job: { verify: { schedule: '30 4 * * 6', timezone: 'Europe/Berlin' }, ...job } });

  it('has units where the job says when, and only there', () => {
    expect(verified().enable).toEqual(['offsite-rsync-freshness.timer', TIMER]);
    expect(plan().enable).not.toContain(TIMER);
    expect([plan().obsolete, verified().obsolete]).toEqual([[TIMER], []]);
    expect(
      plan()
        .files.map(({ path }) => path)
        .join(' '),
    ).not.toContain('verify');
  });

  it('is started by the clock of the job, also for a time at which this host was off, and tells what it finds', () => {
    expect(lines(verified(), TIMER)).toEqual(
      expect.arrayContaining(['OnCalendar=Sat *-*-* 4:30:00 Europe/Berlin', 'Persistent=yes']),
    );
    expect(lines(verified(), SERVICE)).toEqual(
      expect.arrayContaining([
        'ExecStart=/usr/local/bin/offsite-rsync verify --alert %i',
        'SuccessExitStatus=22',
        'OnFailure=offsite-rsync-alert@%n.service',
      ]),
    );
  });

  it('sees the source and has the credentials, as the transfer', () => {
    const job = lines(verified({ source: '/home' }), DROP);
    expect(job).toEqual(
      expect.arrayContaining([
        'ProtectHome=read-only',
        'LoadCredential=vault-key:/etc/offsite-rsync/credentials/vault-key',
      ]),
    );
    expect(job.join('\n')).not.toContain('StopPropagatedFrom');
  });
});

describe('the drop-in of the job', () => {
  it('gives the unit the deadline of every target, one after the other, and a margin', () => {
    const two = { targets: { vault: TARGET, attic: TARGET } };
    const job = { deadline: '1h', targets: ['vault', 'attic'] };
    expect(lines(plan({ job: { deadline: '1h' } }), JOB)).toContain('TimeoutStartSec=4200');
    expect(lines(plan({ job, top: two }), JOB)).toContain('TimeoutStartSec=8400');
  });

  it('hands over the credentials of the job and of the alert channels, each with an empty one to fall back on', () => {
    const alerts = {
      channels: {
        chat: { type: 'webhook', url: { credential: 'chat-url' }, token: { credential: 'chat-token' } },
        mail: {
          type: 'email',
          host: { credential: 'smtp-host' },
          user: { env: 'SMTP_USER' },
          password: { credential: 'smtp-password' },
          from: { env: 'MAIL_FROM' },
          to: { env: 'MAIL_TO' },
        },
        pager: { type: 'command', command: ['/bin/page'], env: { TOKEN: { credential: 'pager-token' } } },
      },
    };
    const units = plan({ top: { alerts } });
    const ofAlerts = ['chat-token', 'chat-url', 'pager-token', 'smtp-host', 'smtp-password'];
    expect(units.credentials).toEqual([...ofAlerts, 'vault-host', 'vault-key']);
    for (const name of units.credentials) {
      const load = `LoadCredential=${name}:/etc/offsite-rsync/credentials/${name}`;
      expect(lines(units, JOB)).toEqual(expect.arrayContaining([load, `SetCredential=${name}:\\n`]));
      expect(lines(units, ALERT).includes(load)).toBe(ofAlerts.includes(name));
    }
  });

  it('stops with the backup that waits for it, and only then', () => {
    const stop = 'StopPropagatedFrom=pg-backup.service';
    expect(lines(plan(), JOB)).toContain(stop);
    expect(lines(plan({ coupling: { style: 'on-success', backupUnit: 'pg-backup.service' } }), JOB)).not.toContain(
      stop,
    );
  });

  it.each([
    ['/var/backups/postgres', 'ReadOnlyPaths=-/var/backups/postgres', 'ProtectHome=yes'],
    ['/home/db/dumps', 'ReadOnlyPaths=-/home/db/dumps', 'ProtectHome=read-only'],
    ['/srv/back ups/50%', 'ReadOnlyPaths="-/srv/back ups/50%%"', 'ProtectHome=yes'],
    ['/srv/a"b\\c', String.raw`ReadOnlyPaths="-/srv/a\"b\\c"`, 'ProtectHome=yes'],
  ])('lets the source %s be read', (source, readOnly, home) => {
    expect(lines(plan({ job: { source } }), JOB)).toEqual(expect.arrayContaining([readOnly, home]));
  });

  it('opens /tmp only for a source that lies there', () => {
    expect(lines(plan({ job: { source: '/var/tmp/dumps' } }), JOB)).toContain('PrivateTmp=no');
    expect(lines(plan(), JOB)).not.toContain('PrivateTmp=no');
  });

  const SHOWN = { home: 'ProtectHome=read-only', tmp: 'PrivateTmp=no', modules: 'ProtectKernelModules=no' };

  it.each([
    ['/home', [SHOWN.home]],
    ['/root/', [SHOWN.home]],
    ['/run/user/1000/dumps', [SHOWN.home]],
    ['/var', [SHOWN.tmp]],
    ['/usr', [SHOWN.modules]],
    ['/usr/lib/modules/extra', [SHOWN.modules]],
    ['/', [SHOWN.home, SHOWN.tmp, SHOWN.modules]],
    ['/homes/db', []],
  ])('shows all of the source %s, be it in or above what the sandbox hides', (source, shown) => {
    const job = {
      source,
      exclude: ['/dev/*', '/proc/*', '/sys/*', '/run/*', '/var/lib/offsite-rsync', '/lib/offsite-rsync'],
    };
    const found = lines(plan({ job }), JOB);
    expect(Object.values(SHOWN).filter((line) => found.includes(line))).toEqual(shown);
  });

  it('shows what symbolic links on the way to the source lead to', () => {
    const leads: Readonly<Record<string, readonly string[]>> = {
      '/srv/dumps': ['/srv/dumps', '/home/db/dumps', '/var/tmp/dumps'],
    };
    const program = { ...PROGRAM, waysTo: (path: string) => leads[path] ?? [path] };
    const found = lines(plan({ job: { source: '/srv/dumps' }, program }), JOB);
    expect(found).toEqual(expect.arrayContaining([SHOWN.home, SHOWN.tmp]));
    expect(found).toContain('ReadOnlyPaths=-/srv/dumps');
  });

  it.each([
    [{ source: '/', exclude: ['/run', '/var/lib/offsite-rsync', '/proc/*', '/sys/*'] }, '/dev'],
    [{ source: '/', exclude: ['/var/lib/offsite-rsync', '/run/offsite-rsync', '/dev/', '/proc', '/sys'] }, '/run'],
    [{ source: '/run', exclude: ['/offsite-rsync'] }, '/run'],
  ])('is refused for a source of which no unit of ours can show all: %j', (job, place) => {
    expect(() => plan({ job })).toThrow(new RegExp(`none of our services sees the real ${place}`));
  });

  it('does not ask for excludes of what a walk of one file system leaves out', () => {
    const job = { source: '/', one_file_system: true, exclude: ['/var/lib/offsite-rsync', '/run/offsite-rsync'] };
    expect(lines(plan({ job }), JOB)).toContain(SHOWN.home);
  });

  it('does not become a unit of its own through a line break in a path', () => {
    expect(() => plan({ job: { source: '/srv/x\nExecStart=/bin/evil' } })).toThrow(/control character|absolute/);
  });
});

describe('our services', () => {
  it('call the program with the configuration that they were made from', () => {
    const units = plan({ program: { words: ['/opt/no de/node', '/opt/$x/cli.js'], config: '/etc/off site.yaml' } });
    expect(lines(units, TRANSFER)).toContain(
      'ExecStart="/opt/no de/node" "/opt/$$x/cli.js" run --config "/etc/off site.yaml" %i',
    );
    expect(lines(units, ALERT)).toContain(
      'ExecStart="/opt/no de/node" "/opt/$$x/cli.js" alert unit --config "/etc/off site.yaml" -- %i',
    );
  });

  it('may write where the state, the runtime files and the metrics lie', () => {
    const top = {
      state_dir: '/srv/state',
      runtime_dir: '/run/own',
      metrics: { textfile: '/var/lib/prom/offsite.prom' },
    };
    const writable = 'ReadWritePaths=-/srv/state -/run/own -/var/lib/prom';
    const units = plan({ top });
    expect(lines(units, TRANSFER)).toContain(writable);
    expect(lines(units, 'offsite-rsync-freshness.service')).toContain(writable);
    expect(lines(plan(), TRANSFER).join('\n')).not.toContain('ReadWritePaths');
  });

  it('say the same for every job of a configuration, for they share the templates', () => {
    const jobs = { one: { source: '/srv/one', expect: { schedule: '0 1 * * *' } }, two: { source: '/home/two' } };
    const settings = parseConfig('config.yaml', JSON.stringify({ version: 1, targets: { vault: TARGET }, jobs }));
    const [one, two] = ['one', 'two'].map((name) => planUnits(settings, settings.jobs.get(name)!, WAITING, PROGRAM));
    const shared = (units?: UnitPlan) => units?.files.filter(({ path }) => !path.endsWith('.conf'));
    expect(shared(one)).toEqual(shared(two));
  });
});

describe('notes', () => {
  it('tell of what would only be noticed at night', () => {
    const alerts = { channels: { local: { type: 'sendmail', to: { env: 'MAIL_TO' } }, screen: { type: 'desktop' } } };
    const notes = plan({ top: { alerts } }).notes.join('\n');
    expect(notes).toMatch(/MAIL_TO, VAULT_USER in the environment/);
    expect(notes).toMatch(/postgres does not say when a snapshot is due/);
    expect(notes).toMatch(/channel local starts a program in the sandbox/);
    expect(notes).toMatch(/channel screen needs a desktop/);
  });

  it('are silent when there is nothing to say', () => {
    const top = { secrets_file: '/etc/offsite-rsync/secrets.env' };
    expect(plan({ top, job: { expect: { schedule: '15 2 * * *' } } }).notes).toEqual([]);
  });
});
