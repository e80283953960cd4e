import { decideRetention } from '../../remote-scripts/retention/decide.ts';
import { snapshotIdOf } from '../../src/shared/snapshot-id.ts';

// Plans the retention of 10,000 snapshots once, in a process that has done nothing else, as prune does. Prints the
// milliseconds of processor time that it took, and how many snapshots would go.
const now = new Date('2026-11-23T12:00:00Z');
const snapshots = Array.from({ length: 10_000 }, (_, index) => {
  const received = new Date(now.getTime() - index * 3_600_000);
  return { id: snapshotIdOf(received), received };
});
const policy = {
  last: 3,
  within: 2 * 86_400_000,
  minAge: 0,
  hourly: 24,
  daily: 14,
  weekly: 8,
  monthly: 12,
  quarterly: 0,
  yearly: 3,
};
const setting = { timezone: 'Europe/Berlin', clockSkew: 600_000, longestAttempt: 86_400_000 };

const before = process.cpuUsage();
const decisions = decideRetention(snapshots, policy, setting, now);
const { user, system } = process.cpuUsage(before);
const going = decisions.filter(({ action }) => action === 'remove').length;
process.stdout.write(`${(user + system) / 1000} ${going}\n`);
