import { until } from '../../support/until.ts';
import type { Machine } from './machine.ts';

/** A fake of logind, which a machine of a lab does not have: python3-dbusmock, which takes inhibitors and inhibits nothing. */
export interface FakeLogind {
  /** What it was asked to wait for, for as long as the descriptor that it gave is open: what, who, why and mode. */
  inhibitors(): readonly string[];
  stop(): void;
}

const BUS = `<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow eavesdrop="true"/><allow send_destination="*"/><allow own="*"/><allow user="*"/></policy>
</busconfig>
`;

const ASK = ['dbus-send', '--system', '--print-reply'] as const;
const OWNED = ['--dest=org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus.NameHasOwner'] as const;
const LOGIND = ['--dest=org.freedesktop.login1', '/org/freedesktop/login1'] as const;

/** Starts a system bus in a machine that has none, and the fake on it. */
export async function startFakeLogind(machine: Machine): Promise<FakeLogind> {
  machine.must('sh', '-ec', 'mkdir -p /run/dbus /run/lab; printf %s "$0" >/run/lab/bus.conf', BUS);
  const start = (name: string, ...words: string[]) =>
    machine.must('systemd-run', '--quiet', `--unit=${name}`, ...words);
  start('fake-bus', 'dbus-daemon', '--nofork', '--nopidfile', '--config-file=/run/lab/bus.conf');
  await until(() => machine.run('test', '-S', '/run/dbus/system_bus_socket').code === 0);
  start('fake-logind', '/usr/bin/python3', '-m', 'dbusmock', '--template', 'logind');
  await until(() => machine.run(...ASK, ...OWNED, 'string:org.freedesktop.login1').stdout.includes('boolean true'));
  return {
    inhibitors: () => {
      const answer = machine.must(...ASK, ...LOGIND, 'org.freedesktop.login1.Manager.ListInhibitors');
      return [...answer.matchAll(/string "(.*)"/g)].map(([, text = '']) => text);
    },
    stop: () => void machine.must('sh', '-c', 'systemctl stop fake-logind fake-bus; rm -r /run/dbus'),
  };
}
