import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '../../../support/processes.ts';
import type { PrivateSshd } from '../../../support/sshd.ts';
import { mountExt4, type SmallDisk } from '../small-disk.ts';

/** The disks of both hosts. */
export interface Disks {
  readonly here: SmallDisk;
  /** That of the snapshots. */
  readonly there: SmallDisk;
  /** That of what the gate keeps besides them (ledger, notes, seals on their way, log); undefined without a gate. */
  readonly state: SmallDisk | undefined;
  /** Puts another disk with the same content in the place of one that the kernel has taken for broken. */
  replace(side: 'here' | 'state'): Promise<void>;
}

type Undo = (() => unknown)[];

/** Inodes of a small disk: a few snapshots. */
const INODES = '2048';

/** A disk that goes read-only when it gives an error. @param undo is told how to let go of it */
export async function smallDisk(undo: Undo): Promise<SmallDisk> {
  const disk = await mountExt4('-N', INODES, '-m', '0', '-O', '^has_journal', '-e', 'remount-ro');
  undo.push(() => disk.stop());
  return disk;
}

/** The disks of the other host. */
export interface DisksThere {
  readonly there: SmallDisk;
  readonly state: SmallDisk | undefined;
}

/** Puts the directories of a primary on a disk of their own, and makes all disks of a lane replaceable. */
export async function allDisks(
  directory: string,
  { there, state }: DisksThere,
  sshd: Pick<PrivateSshd, 'pid'>,
  undo: Undo,
): Promise<Disks> {
  let here = await smallDisk(undo);
  const names = ['state', 'run'];
  const bind = () => {
    for (const name of names) must('mount', '--bind', join(here.place, name), join(directory, name));
  };
  const loosen = () => {
    for (const name of names) must('umount', join(directory, name));
  };
  for (const name of names) await mkdir(join(here.place, name), { mode: 0o700 });
  bind();
  undo.push(() => loosen());
  /** Another disk with the same content. Those it replaces stay until the lane stops: the sshd of another lane may have them in its own namespace. */
  const another = async ({ place }: SmallDisk) => {
    const others: Undo = [];
    const disk = await smallDisk(others);
    undo.unshift(...others);
    must('cp', '-a', `${place}/.`, disk.place);
    return disk;
  };
  return {
    get here() {
      return here;
    },
    there,
    state,
    replace: async (side) => {
      if (side === 'here') {
        loosen();
        here = await another(here);
        bind();
      } else if (state !== undefined) {
        const { place } = await another(state);
        const device = must('findmnt', '--noheadings', '--output', 'SOURCE', place).trim();
        // In ours, and in that of the gate.
        for (const pid of [process.pid, sshd.pid])
          must('nsenter', `--mount=/proc/${pid}/ns/mnt`, 'sh', '-ec', EXCHANGE, device, state.place);
      }
    },
  };
}

const EXCHANGE = 'umount --lazy "$1"; mount "$0" "$1"';
