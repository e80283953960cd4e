#!/bin/sh
# Installs the programs of a secondary and their units, and lets a primary in (offsite-secondary). POSIX sh; see --help.
# Typing it again changes nothing that is already as it must be. Data is never removed.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
PREFIX=${PREFIX:-/usr/local}
# shellcheck source=offsite-secondary
. "$here/offsite-secondary"

LIB=$PREFIX/lib/offsite-rsync
MAN=$PREFIX/share/man
PROGRAMS='offsite-gate offsite-prune offsite-scrub offsite-drill'
PAGES='man5/offsite-rsync-secondary.yaml.5 man8/offsite-secondary.8 man8/offsite-gate.8 man8/offsite-prune.8 man8/offsite-scrub.8 man8/offsite-drill.8'
case $PREFIX in
  /usr) UNITS=/usr/lib/systemd/system ;;
  *) UNITS=/etc/systemd/system ;; # systemd looks below no other prefix
esac

uninstall='' programs=''

usage() {
  cat <<HELP
Usage: install.sh [--host NAME [--key FILE.pub] [--read-key FILE.pub] [options]]
       install.sh --uninstall [--host NAME]

Installs the programs of a secondary and their systemd units on this machine. With --host it also sets the secondary up
for the primary NAME, as "offsite-secondary add-host NAME" does later for one more. Run it as root; nothing else of
offsite-rsync runs as root. What is already as it must be is left alone.

Options:
  --host NAME       the primary, as secondary.yaml names it
$(host_options)
  --programs DIR    where offsite-gate.mjs, the other programs and their parts/ lie (default: beside this script, or
                    ../dist/remote)
  --uninstall       remove programs, units and sshd snippets (with --host: what is this host's only); keeps
                    snapshots, state, accounts, and what you wrote in /etc/offsite-rsync
  --help            show this

Environment:
  PREFIX            where programs and manual go (default: /usr/local): PREFIX/bin, PREFIX/lib/offsite-rsync and
                    PREFIX/share/man. With /usr, the units go to /usr/lib/systemd/system, otherwise to /etc/systemd/system
$(destdir_variable)

Example:
  ./install.sh --host db1 --key /root/db1.pub --job postgres

Exit codes: 0 done; 1 something failed; 2 usage, or something is missing on this machine.
HELP
}

read_arguments() {
  while [ $# -gt 0 ]; do
    taken=2
    case $1 in
      --host | --programs) [ $# -ge 2 ] || fail "$1 needs a value. See --help" ;;
    esac
    case $1 in
      --host) host=$2 ;;
      --programs) programs=$2 ;;
      --uninstall) uninstall=yes taken=1 ;;
      *) take_option "$@" ;;
    esac
    shift "$taken"
  done
}

has_programs() {
  for name in $PROGRAMS; do [ -f "$1/$name.mjs" ] || return 1; done
}

find_programs() {
  for directory in "$programs" "$here" "$here/../dist/remote"; do
    if [ -n "$directory" ] && has_programs "$directory"; then
      [ -d "$directory/parts" ] || fail "$directory lacks the directory parts, which belongs to the programs; copy all of dist/remote"
      programs=$directory
      return 0
    fi
  done
  fail "the programs are not all beside this script ($PROGRAMS, each with .mjs); build them (npm run build) or give --programs DIR"
}

# Parts first, since a program is started at any time, and none of the old ones is removed, since a session may be running
# that has not loaded all of its own. Their names tell their content, so no program can load a part of another version.
install_programs() {
  for part in "$programs"/parts/*.mjs; do write_file "$LIB/parts/${part##*/}" 644 <"$part"; done
  for name in $PROGRAMS; do
    # With its suffix, and a link without: that this is a module, node takes from the suffix.
    write_file "$LIB/$name.mjs" 755 <"$programs/$name.mjs"
    if [ "$(readlink -- "$DESTDIR$BIN/$name" 2>/dev/null || :)" != "$LIB/$name.mjs" ]; then
      say "link $BIN/$name"
      act mkdir -p -- "$DESTDIR$BIN"
      act ln -sfn -- "$LIB/$name.mjs" "$DESTDIR$BIN/$name"
    fi
  done
  write_file "$BIN/offsite-secondary" 755 <"$here/offsite-secondary"
}

# with_place FILE: what it holds, with the place where the programs are now.
with_place() { sed "s|/usr/local/bin/|$BIN/|g" "$1"; }

install_manual() {
  for directory in "$here/man" "$here/../dist/man"; do
    [ -d "$directory" ] || continue
    for page in $PAGES; do with_place "$directory/$page" | write_file "$MAN/$page" 644; done
    return 0
  done
}

install_units() {
  for service in $SERVICES; do
    for unit in "$service@.service" "$service@.timer"; do
      with_place "$here/systemd/$unit" | write_file "$UNITS/$unit" 644
    done
  done
  if has_systemd; then act systemctl daemon-reload; fi
}

uninstall_all() {
  remove_all_hosts
  for service in $SERVICES; do remove "$UNITS/$service@.service" "$UNITS/$service@.timer"; done
  for name in $PROGRAMS; do remove "$BIN/$name" "$LIB/$name.mjs"; done
  remove "$BIN/offsite-secondary"
  for part in "$DESTDIR$LIB"/parts/*.mjs; do
    [ ! -f "$part" ] || remove "${part#"$DESTDIR"}"
  done
  for page in $PAGES; do remove "$MAN/$page"; done
  remove_empty "$LIB/parts" "$LIB"
}

read_arguments "$@"
check_common
if [ -n "$uninstall" ]; then
  if [ -n "$host" ]; then remove_host; else uninstall_all; fi
  tell_kept
  exit 0
fi
if [ -n "$host" ]; then
  check_host
elif [ -n "$keys$read_keys$jobs$account" ]; then
  fail "--host NAME is missing: whose keys and jobs are these? See --help"
fi
find_programs
check_programs
check_node
install_programs
install_manual
install_units
write_file "$ETC/secondary.example.yaml" 644 <"$here/secondary.example.yaml"
if [ -n "$host" ]; then
  add_host
else
  say ''
  [ -z "$dry_run" ] || say "Nothing has been changed."
  say "Let a primary in with: $BIN/offsite-secondary add-host NAME --key FILE.pub --job JOB"
fi
