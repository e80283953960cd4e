#!/bin/sh
# Boots a systemd of its own: boot-machine.sh DIRECTORY. Stays until that ends, and takes away what it made. LAB_SHARE, if
# set, is a directory of the host's that can be read in it below /opt/lab, under its own name.
# Everything happens in namespaces; of the host, it uses a pair of control groups with a name of its own. Its root is an overlay
# of the host's, and a tar archive on standard input is laid over that.
set -eu
directory=$1
name=offsite-lab-$$

if [ "${2:-}" = inside ]; then
  # In the namespaces, as their first process.
  root=$directory/root
  mount --make-rprivate /
  mount -t tmpfs tmpfs "$directory"
  mkdir "$directory/upper" "$directory/work" "$root"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$directory/upper,workdir=$directory/work" "$root"
  # Its own /run and /tmp: systemd's tmpfiles would empty the host's.
  mount -t tmpfs -o mode=0755 tmpfs "$root/run"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
  mount -t proc proc "$root/proc"
  # No setting of the kernel is ours to change.
  mount --bind "$root/proc/sys" "$root/proc/sys"
  mount -o remount,bind,ro "$root/proc/sys"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
  mkdir "$root/sys/fs/cgroup/unified" "$root/sys/fs/cgroup/systemd"
  if mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd" 2>/dev/null; then
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified"
  else
    umount "$root/sys/fs/cgroup"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  fi
  # A /dev of its own: systemd makes links in it.
  mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
  for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  mkdir "$root/dev/pts" "$root/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  mount -t tmpfs tmpfs "$root/dev/shm"
  ln -s /proc/self/fd "$root/dev/fd"
  if [ -n "${LAB_SHARE:-}" ]; then
    share=$root/opt/lab/${LAB_SHARE##*/}
    mkdir -p "$share"
    mount --bind "$LAB_SHARE" "$share"
    mount -o remount,bind,ro "$share"
  fi
  cd "$root"
  mkdir -p old
  # Nothing of ours has ever run there, whatever has on the machine of which this is an overlay.
  rm -rf var/lib/offsite-rsync etc/offsite-rsync srv/offsite
  pivot_root . old
  tar -xf - --no-overwrite-dir -C /
  umount -l /old
  rmdir /old
  # As on a real machine; systemd hands credentials to services through it. Of the host's mounts, none is a peer.
  mount --make-rshared /
  exec env -i container=lxc setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio \
    /lib/systemd/systemd --system --unit=offsite-lab.target --show-status=no </dev/null
fi

groups=$directory/groups
mkdir -p "$groups/systemd" "$groups/unified"
mount --make-rprivate /
mount -t cgroup -o none,name=systemd cgroup "$groups/systemd" 2>/dev/null || :
mount -t cgroup2 cgroup2 "$groups/unified" 2>/dev/null || :
machine=''
end() {
  [ -z "$machine" ] || kill -KILL "$machine" 2>/dev/null || :
  wait || :
  tries=0
  while [ -d "$groups/systemd/$name" ] || [ -d "$groups/unified/$name" ]; do
    find "$groups/systemd/$name" "$groups/unified/$name" -depth -type d -exec rmdir {} \; 2>/dev/null || :
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || break
    sleep 0.1
  done
}
trap 'end; exit 0' TERM INT HUP
trap end EXIT
for hierarchy in systemd unified; do mkdir "$groups/$hierarchy/$name"; done
exec 3<&0
# Its first process ends with it, however it ends: --kill-child.
sh -c '
  for hierarchy in systemd unified; do
    [ ! -e "$1/$hierarchy/$2/cgroup.procs" ] || echo $$ >"$1/$hierarchy/$2/cgroup.procs"
  done
  exec unshare --mount --pid --fork --kill-child --uts --ipc --cgroup -- "$0" "$3" inside
' "$0" "$groups" "$name" "$directory" <&3 &
machine=$!
wait "$machine"
