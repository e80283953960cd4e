import { describe, expect, it } from 'vitest';
import { parseMountTable } from '../../../../src/platform/mount-table.ts';
import { mountsBelow } from '../../../../src/run/source/hiding-mounts.ts';

// As systemd 252 laid them for a service (Debian 12, kernel 6.18), and as they are on the machine itself.
const TOP = '198 144 0:44 / / ro,relatime shared:30 master:1 - ext4 /dev/sda1 rw';
const SANDBOX = `${TOP}
199 198 0:47 / /run rw,relatime shared:31 master:2 - tmpfs tmpfs rw,mode=755
205 198 0:48 / /tmp rw,relatime shared:39 master:3 - tmpfs tmpfs rw
228 205 0:48 /systemd-private-7d60820a445341ad831be0a508d79bfb-t.service-AbCdEf/tmp /tmp rw,relatime shared:52 master:3 - tmpfs tmpfs rw
229 198 0:44 /var/tmp/systemd-private-7d60820a445341ad831be0a508d79bfb-t.service-Gh/tmp /var/tmp rw shared:53 master:1 - ext4 /dev/sda1 rw
230 198 0:47 /systemd/inaccessible/dir /home ro,nosuid,nodev,noexec,relatime shared:54 master:2 - tmpfs tmpfs rw,mode=755
231 198 0:47 /systemd/inaccessible/reg /etc/shadow ro shared:54 master:2 - tmpfs tmpfs rw,mode=755
227 198 0:60 / /dev ro,nosuid,noexec shared:51 - tmpfs tmpfs rw,size=4096k,mode=755
206 198 0:61 / /proc rw,nosuid,nodev,noexec,relatime shared:55 - proc proc rw,hidepid=invisible,subset=pid
232 198 0:44 /var/backups /var/backups ro,relatime shared:57 master:1 - ext4 /dev/sda1 rw
233 198 0:62 / /srv/my\\040disk rw,relatime shared:58 master:9 - ext4 /dev/sdb1 rw
`;
const MACHINE = `${TOP.replace(' master:1', '')}
199 198 0:47 / /run rw,relatime shared:31 - tmpfs tmpfs rw,mode=755
205 198 0:48 / /tmp rw,relatime shared:39 - tmpfs tmpfs rw
`;

const hidden = (text: string, source: string, inUnit = true) =>
  mountsBelow(parseMountTable(text), source, inUnit)
    .filter(({ hides }) => hides !== undefined)
    .map(({ name }) => name)
    .sort();

describe('the mounts by which a unit hides what is to be saved', () => {
  it('are found below the source, by directory and by file', () => {
    expect(hidden(SANDBOX, '/')).toEqual(['dev', 'etc/shadow', 'home', 'tmp', 'var/tmp']);
    expect(hidden(SANDBOX, '/var')).toEqual(['tmp']);
    expect(hidden(SANDBOX, '/home')).toEqual(['']);
  });

  it('are none where the machine itself mounts, and where a unit only makes read-only what is there', () => {
    expect(hidden(SANDBOX, '/srv')).toEqual([]);
    expect(hidden(SANDBOX, '/var/backups')).toEqual([]);
    expect(hidden(MACHINE, '/')).toEqual([]);
    expect(mountsBelow(parseMountTable(SANDBOX), '/srv', true)).toEqual([{ name: 'my disk', hides: undefined }]);
  });

  it('do not count when the source lies in them: a backup in the private /tmp of its unit is the one to be sent', () => {
    expect(hidden(SANDBOX, '/tmp/dumps')).toEqual([]);
  });

  it('are also those of a unit whose mounts follow no others', () => {
    const apart = `${TOP.replace('shared:30 master:1 ', '')}
226 198 0:59 / /var/lib/apt rw,nodev - tmpfs tmpfs rw
`;
    expect(hidden(apart, '/var')).toEqual(['lib/apt']);
    expect(hidden(apart, '/var', false)).toEqual([]);
  });
});
