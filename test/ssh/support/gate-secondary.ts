import { readdir, readFile, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { startGateHost, type GateHost } from './gate-host.ts';
import { layLine } from '../../support/line.ts';
import type { Secondary } from './secondary.ts';
import { recordTree } from './tree-record.ts';

/** An address that nothing else uses, because it must not appear anywhere. */
const CANARY_ADDRESS = '127.77.3.10';

/** A secondary behind the gate, for the built program, with a line of its own and the content of its jobs. */
export interface GateSecondary extends Pick<Secondary, 'sshd' | 'line' | 'record' | 'sealed' | 'path'> {
  readonly gate: GateHost;
  /** Where it keeps everything: the snapshots of all hosts, and their state. */
  readonly stores: readonly string[];
  /** Names in a job's directory, sorted. */
  names(job: string): Promise<string[]>;
  /** Changes the host's part of secondary.yaml; given keys replace existing ones. */
  amend(change: HostChange, top?: Readonly<Record<string, unknown>>): Promise<void>;
  /** Restores the original settings. */
  restore(): Promise<void>;
  stop(): Promise<void>;
}

type HostChange = Readonly<Record<string, unknown>>;

/**
 * Starts a secondary with the jobs `db` and `files` of the host `web1`.
 * @param place an empty directory for its snapshots, on a file system of the test's own
 * @param memory the same for what the gate keeps besides them
 */
export async function startGateSecondary(place?: string, memory?: string): Promise<GateSecondary> {
  const gate = await startGateHost(place, memory);
  const { sshd } = gate;
  const line = await layLine(sshd.port, CANARY_ADDRESS);
  const original = await readFile(gate.config, 'utf8');
  const path = (job: string, id = '', name = '') => join(gate.jobDirectory, '..', job, id, name);
  const names = async (job: string) => (await readdir(path(job)).catch(() => [])).sort();
  const sealed = async (job: string) =>
    (await names(job)).filter((name) => name.endsWith('.sealed')).map((name) => name.slice(0, -'.sealed'.length));
  return {
    gate,
    stores: [dirname(dirname(gate.jobDirectory)), dirname(gate.hostState)],
    sshd,
    line,
    path,
    names,
    sealed,
    record: async (job) => {
      const ids = await sealed(job);
      const lines = ids.length === 0 ? [] : recordTree(path(job));
      return new Map(ids.map((id) => [id, lines.filter((entry) => /^b['"]\//.test(entry) && entry.startsWith(id, 3))]));
    },
    amend: async (change, top = {}) => {
      const settings = JSON.parse(await readFile(gate.config, 'utf8')) as { hosts: { web1: HostChange } };
      const hosts = { web1: { ...settings.hosts.web1, ...change } };
      await writeFile(gate.config, JSON.stringify({ ...settings, ...top, hosts }, null, 1));
    },
    restore: () => writeFile(gate.config, original),
    stop: async () => {
      await line.hangUp();
      spawnSync('chmod', ['-R', 'u+rwX', path('db'), path('files')]); // for those who are not root
      await gate.stop();
    },
  };
}
