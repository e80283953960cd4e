import { describe, expect, it } from 'vitest';
import type { ChannelSettings } from '../../../src/notify/registry.ts';
import { alerts, type AlertSettings } from '../../../src/notify/settings.ts';
import { compileSchema } from '../../../src/settings/schema-compiler.ts';
import { parseYamlConfig } from '../../../src/settings/yaml-config.ts';

const validate = compileSchema({
  type: 'object',
  additionalProperties: false,
  properties: { alerts: alerts.schema },
});

function parse(yaml: string) {
  return parseYamlConfig<{ alerts: AlertSettings }>(yaml, validate);
}

/** The one channel `ops` of a file, after validation. */
function channel(lines: string): ChannelSettings {
  const parsed = parse(`alerts:\n  channels:\n    ops:\n${indent(lines)}`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value.alerts.channels.ops!;
}

/** The problems of a file whose one channel is `ops`, as `line path: message`. */
function problems(lines: string): string[] {
  const parsed = parse(`alerts:\n  channels:\n    ops:\n${indent(lines)}`);
  return parsed.ok ? [] : parsed.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
}

function indent(lines: string): string {
  return lines
    .trim()
    .split('\n')
    .map((line) => `      ${line.trim()}`)
    .join('\n');
}

describe('the alert settings', () => {
  it('are empty when the file says nothing of alerts', () => {
    const parsed = parse('{}');
    expect(parsed).toMatchObject({ ok: true, value: { alerts: { channels: {} } } });
  });

  it('fill in the defaults of a channel', () => {
    expect(channel('type: webhook\nurl: { env: OPS_URL }')).toEqual({
      type: 'webhook',
      url: { env: 'OPS_URL' },
      preset: 'generic',
      events: ['failure', 'recovery', 'warning', 'stale'],
      timeout: '10s',
      retries: 2,
    });
  });

  it('let a ping channel hear of starts and successes by default, since its silence is the alarm', () => {
    const { events } = channel('type: ping\nurl: { env: PING }');
    expect(events).toEqual(['start', 'success', 'failure', 'recovery', 'stale']);
  });

  it('do not share one default list between two channels', () => {
    const parsed = parse(
      'alerts: { channels: { a: { type: desktop }, b: { type: desktop }, c: { type: ping, url: { env: C } } } }',
    );
    if (!parsed.ok) throw new Error('invalid');
    const { a, b } = parsed.value.alerts.channels;
    expect(a!.events).toEqual(b!.events);
    expect(a!.events).not.toBe(b!.events);
  });

  it.each([
    ['ntfy', 'type: ntfy\nurl: { file: /etc/topic }\ntoken: { credential: ntfy }\npriority: max'],
    [
      'email',
      'type: email\nhost: { env: H }\nfrom: { env: F }\nto: { env: T }\nuser: { env: U }\npassword: { env: P }',
    ],
    ['sendmail', 'type: sendmail\nto: { env: T }'],
    ['command', 'type: command\ncommand: [/usr/local/bin/page, --now]\nenv: { TOKEN: { env: PAGE_TOKEN } }'],
    ['gotify', 'type: gotify\nurl: { env: U }\ntoken: { env: T }\npriority: 10'],
    ['apprise', 'type: apprise\nurl: { env: U }\ntag: ops\nurls: { env: A }'],
    ['pushover', 'type: pushover\ntoken: { env: T }\nuser: { env: U }\npriority: emergency\nurl: { env: P }'],
    ['pagerduty', 'type: pagerduty\nrouting_key: { env: K }\nurl: { env: U }'],
    ['uptime_kuma', 'type: uptime_kuma\nurl: { env: U }\nevents: [failure]'],
    ['desktop', 'type: desktop\nevents: [success]\ntimeout: 3s\nretries: 0'],
  ])('accept a complete %s channel', (type, lines) => {
    expect(channel(lines).type).toBe(type);
  });
});

describe('a wrong channel is told as one clear problem', () => {
  it('for an unknown key, with the one that was meant', () => {
    expect(problems('type: webhook\nurl: { env: U }\npresett: slack')).toEqual([
      '6 alerts.channels.ops.presett: unknown key; did you mean "preset"?',
    ]);
  });

  it('for a key that belongs to another type', () => {
    const [only, ...others] = problems('type: webhook\nurl: { env: U }\nsend_log: true');
    expect(only).toMatch(/^6 alerts\.channels\.ops\.send_log: unknown key; known here: type, events, timeout/);
    expect(others).toEqual([]);
  });

  it('for an unknown type, without a word on the other keys', () => {
    expect(problems('type: webhok\nurl: { env: U }')).toEqual([
      '4 alerts.channels.ops.type: "webhok" is not one of: webhook, ntfy, gotify, apprise, pushover, pagerduty, ping, uptime_kuma, email, sendmail, command, desktop; did you mean "webhook"?',
    ]);
  });

  it('for a missing type', () => {
    expect(problems('url: { env: U }')).toEqual(['3 alerts.channels.ops: the key "type" is missing']);
  });

  it('for a missing URL', () => {
    expect(problems('type: ntfy')).toEqual(['3 alerts.channels.ops: the key "url" is missing']);
  });

  it.each([
    ['webhook', 'url', ''],
    ['ntfy', 'token', 'url: { env: U }'],
    ['ping', 'url', ''],
    ['email', 'to', 'host: { env: H }\nfrom: { env: F }'],
    ['email', 'host', 'to: { env: T }\nfrom: { env: F }'],
    ['sendmail', 'to', ''],
    ['pushover', 'user', 'token: { env: T }'],
    ['pagerduty', 'routing_key', ''],
  ])('for a literal in a %s channel where only a reference may stand: %s', (type, key, rest) => {
    const found = problems(`type: ${type}\n${key}: https://hooks.example/secret\n${rest}`);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`alerts.channels.ops.${key}: is given by reference only`);
    expect(found[0]).not.toContain('hooks.example');
  });

  it('for start, which only a ping channel understands', () => {
    expect(problems('type: desktop\nevents: [start]')).toEqual([
      expect.stringContaining('alerts.channels.ops.events.0: "start" is not one of: success, failure'),
    ]);
  });

  it('for a timeout that is no duration, none, or too long', () => {
    expect(problems('type: desktop\ntimeout: soon')[0]).toContain('write a duration such as');
    expect(problems('type: desktop\ntimeout: 0s')[0]).toContain('at most 1m');
    expect(problems('type: desktop\ntimeout: 2h')).toEqual([
      '5 alerts.channels.ops.timeout: "2h" does not fit: write a duration such as 10s, more than 0 and at most 1m',
    ]);
  });

  it('for a command as one shell line instead of a list', () => {
    expect(problems('type: command\ncommand: mail -s x root')).toEqual([
      '5 alerts.channels.ops.command: "mail -s x root" does not fit: a value of type array belongs here',
    ]);
  });

  it('for an empty program', () => {
    expect(problems('type: command\ncommand: [""]')[0]).toContain('the program and cannot be empty');
  });

  it('for half of the credentials, or credentials in the clear', () => {
    const base = 'type: email\nhost: { env: H }\nfrom: { env: F }\nto: { env: T }';
    expect(problems(`${base}\nuser: { env: U }`)[0]).toContain('ops.user: is given without password');
    expect(problems(`${base}\npassword: { env: P }`)[0]).toContain('ops.password: is given without user');
    expect(problems(`${base}\nuser: { env: U }\npassword: { env: P }\ntls: none`)[0]).toContain('in the clear');
  });

  it('for a name that is none', () => {
    const parsed = parse('alerts: { channels: { "a b": { type: desktop } } }');
    if (parsed.ok) throw new Error('accepted');
    expect(parsed.problems).toHaveLength(1);
    expect(parsed.problems[0]!.message).toContain('a name is 1 to 63 ASCII letters');
  });

  it('and two wrong channels as two problems', () => {
    const parsed = parse('alerts: { channels: { a: { type: ping }, b: { type: desktop, url: x } }, level: 3 }');
    if (parsed.ok) throw new Error('accepted');
    expect(parsed.problems.map(({ path }) => path).sort()).toEqual([
      'alerts.channels.a',
      'alerts.channels.b.url',
      'alerts.level',
    ]);
  });
});
