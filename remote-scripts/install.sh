#!/bin/sh
# Sets up a secondary for one primary: programs, account, directories, sshd, systemd units. POSIX sh; see --help.
# Typing it again changes nothing that is already as it must be. Data is never removed.
set -eu
umask 022 # what is made here is read by the accounts of the hosts; what is not for them has a mode of its own

DESTDIR=${DESTDIR:-}
BIN=/usr/local/bin
LIB=/usr/local/lib/offsite-rsync
ETC=/etc/offsite-rsync
UNITS=/etc/systemd/system
SSHD=/etc/ssh/sshd_config.d
SERVICES='offsite-prune offsite-prune-check offsite-scrub offsite-drill'
NEWLINE='
'
PROGRAMS='offsite-gate offsite-prune offsite-scrub offsite-drill'

host='' account='' root=/srv/offsite state=/var/lib/offsite-rsync secondary=gate
keys='' read_keys='' reads='' jobs='' dry_run='' uninstall='' programs=''
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)

usage() {
  cat <<'HELP'
Usage: install.sh --host NAME [--key FILE.pub] [--read-key FILE.pub] [options]
       install.sh --uninstall [--host NAME]

Sets up this machine as the secondary of the primary NAME. Run it once for each primary, as root; nothing else
of offsite-rsync runs as root. What is already as it must be is left alone.

Options:
  --host NAME       the primary, as secondary.yaml names it
  --key FILE.pub    a public key of the primary: may push from now on; its authorized_keys line is printed
  --read-key FILE.pub  a key for restores: may list and read sealed snapshots, and nothing else; make one of its own, and keep
                    it away from the primary
  --account NAME    system account of this primary (default: offsite-NAME)
  --job NAME        a job, for the first secondary.yaml; may be given again, and must be while there is no secondary.yaml
  --root DIR        where the snapshots lie (default: /srv/offsite; the root of secondary.yaml)
  --state DIR       state of the programs (default: /var/lib/offsite-rsync; the state_dir of secondary.yaml)
  --rrsync          a plain rrsync instead of the gate; it is not append-only
  --programs DIR    where offsite-gate.mjs, the other programs and their parts/ lie (default: beside this script, or
                    ../dist/remote)
  --dry-run         print what would be done; do nothing
  --uninstall       remove programs, units and sshd snippets (with --host: what is this host's only); keeps
                    snapshots, state, accounts, and what you wrote in /etc/offsite-rsync
  --help            show this

Environment:
  DESTDIR           put everything below this directory; no account is made, nothing is started, owners stay

Exit codes: 0 done; 1 something failed; 2 usage, or something is missing on this machine.
HELP
}

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 2; }

# Does something, or says what it would do.
act() {
  if [ -n "$dry_run" ]; then
    say "would run: $*"
  else
    "$@"
  fi
}

# Whether this machine itself is to be changed, and not a tree below DESTDIR.
is_live() { [ -z "$DESTDIR" ]; }
has_systemd() { is_live && [ -d /run/systemd/system ]; }

# make_directory PATH MODE OWNER
make_directory() {
  path=$DESTDIR$1
  [ ! -L "$path" ] || fail "$path is a symbolic link; make it a directory, or choose another place"
  if [ ! -d "$path" ]; then
    say "directory $1"
    act mkdir -p -- "$path"
  fi
  [ "$(stat -c %a -- "$path" 2>/dev/null || :)" = "$2" ] || act chmod "$2" -- "$path"
  if is_live && [ "$(stat -c %U:%G -- "$path" 2>/dev/null || :)" != "$3" ]; then act chown "$3" -- "$path"; fi
}

# write_file PATH MODE < content: only when it differs, and as a whole.
write_file() {
  path=$DESTDIR$1
  new=$(cat; printf x)
  new=${new%x}
  if [ -f "$path" ] && [ "$(cat -- "$path"; printf x)" = "${new}x" ]; then
    return 0
  fi
  say "file $1"
  [ -z "$dry_run" ] || return 0
  mkdir -p -- "$(dirname -- "$path")"
  printf '%s' "$new" >"$path.new"
  chmod "$2" -- "$path.new"
  mv -f -- "$path.new" "$path"
}

remove() {
  for path in "$@"; do
    if [ -e "$DESTDIR$path" ] || [ -L "$DESTDIR$path" ]; then
      [ -n "$dry_run" ] || say "removed $path"
      act rm -f -- "$DESTDIR$path"
    fi
  done
}

remove_empty() {
  for path in "$@"; do
    if [ -d "$DESTDIR$path" ]; then act rmdir -- "$DESTDIR$path" 2>/dev/null || :; fi
  done
}

read_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --host | --key | --read-key | --account | --job | --root | --state | --programs)
        [ $# -ge 2 ] || fail "$1 needs a value. See --help"
        case $1 in
          --host) host=$2 ;;
          --key) keys="$keys$2
" ;;
          --read-key) read_keys="$read_keys$2
" ;;
          --account) account=$2 ;;
          --job) jobs="$jobs $2" ;;
          --root) root=$2 ;;
          --state) state=$2 ;;
          --programs) programs=$2 ;;
        esac
        shift 2
        ;;
      --rrsync) secondary=rrsync; shift ;;
      --dry-run) dry_run=yes; shift ;;
      --uninstall) uninstall=yes; shift ;;
      --help | -h) usage; exit 0 ;;
      *) fail "unknown argument $1. See --help" ;;
    esac
  done
}

is_name() { printf '%s' "$1" | LC_ALL=C grep -Eqx '[A-Za-z0-9][A-Za-z0-9._-]{0,62}'; }
is_account() { printf '%s' "$1" | LC_ALL=C grep -Eqx '[a-z_][a-z0-9_-]{0,31}'; }
is_path() { printf '%s' "$1" | LC_ALL=C grep -Eqx '(/[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*)+'; }

check_arguments() {
  [ -n "$host" ] || [ -n "$uninstall" ] || fail "--host NAME is missing. See --help"
  if [ -n "$host" ]; then
    is_name "$host" || fail "$host is not the name of a host: letters, digits, dots, underscores and hyphens"
    account=${account:-offsite-$host}
    is_account "$account" || fail "$account cannot be the name of an account: give one with --account"
    [ "$account" != root ] || fail "the account must not be root"
  fi
  for job in $jobs; do is_name "$job" || fail "$job is not the name of a job"; done
  is_path "$root" || fail "--root $root: write a plain absolute path"
  is_path "$state" || fail "--state $state: write a plain absolute path"
  check_keys
  if [ -z "$uninstall" ] && [ -z "$jobs" ] && [ ! -f "$DESTDIR$ETC/secondary.yaml" ]; then
    fail "--job NAME is missing: there is no $ETC/secondary.yaml yet, and the first one is written for the jobs named here. Give --job for each job of $host, or write that file beforehand"
  fi
  if is_live && [ -z "$dry_run" ] && [ "$(id -u)" -ne 0 ]; then fail "run this as root, or with --dry-run"; fi
}

# Before anything is made: a key that is none must not leave half a secondary behind.
check_keys() {
  present=$(cat -- "$DESTDIR$ETC/authorized_keys.d/$account" 2>/dev/null || :)
  old_ifs=$IFS
  IFS=$NEWLINE
  for key in $keys $read_keys; do
    [ -r "$key" ] || fail "$key cannot be read"
    [ -n "$(key_line "$key" x)" ] ||
      fail "$key does not hold one plain public key (the file that ends in .pub, without options)"
    is_readable_key "$key" || fail "$key holds a key that ssh cannot read: it was cut off or changed on the way. Copy it again"
  done
  for key in $read_keys; do
    for other in $keys; do
      [ "$(blob_of "$other")" != "$(blob_of "$key")" ] ||
        fail "$key and $other hold the same key: make another for reading (ssh-keygen -t ed25519)"
    done
    refuse_other_use "$key" push "$(printf '%s\n' "$present" | grep -Ev -e "$READ_COMMANDS" || :)"
  done
  for key in $keys; do
    refuse_other_use "$key" read "$(printf '%s\n' "$present" | grep -E -e "$READ_COMMANDS" || :)"
  done
  IFS=$old_ifs
}

# refuse_other_use FILE USE LINES: sshd takes the first line of a key, so a key has one use.
refuse_other_use() {
  printf '%s\n' "$3" | grep -Fq -e " $(blob_of "$1") " || return 0
  fail "$1 holds a key that may $2 already: make another (ssh-keygen -t ed25519), or remove its line from $ETC/authorized_keys.d/$account"
}

blob_of() { key_line "$1" x | awk '{ print $(NF - 1) }'; }

# sshd passes over a key that it cannot read, and says so to nobody here. Where there is no ssh-keygen, nobody can tell.
is_readable_key() {
  command -v ssh-keygen >/dev/null 2>&1 || return 0
  key_line "$1" x | awk '{ print $(NF - 2), $(NF - 1) }' | ssh-keygen -l -f - >/dev/null 2>&1
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

check_machine() {
  is_live || return 0
  missing=''
  for program in rsync rrsync flock setpriv find sort; do
    command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
  done
  [ -z "$missing" ] || fail "these programs are missing here:$missing. On Debian: apt-get install rsync util-linux"
  command -v node >/dev/null 2>&1 || fail "node is missing here; 22.12 or newer is needed"
  version=$(node --version)
  major=${version#v} minor=${version#*.}
  [ "${major%%.*}" -gt 22 ] || { [ "${major%%.*}" -eq 22 ] && [ "${minor%%.*}" -ge 12 ]; } ||
    fail "node 22.12 or newer is needed; $(command -v node) is $version"
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
}

make_account() {
  is_live || return 0
  if ! id -- "$account" >/dev/null 2>&1; then
    say "account $account"
    # sshd starts a forced command through the shell of the account, so nologin would refuse the gate too. "*" is a
    # password that nothing matches; "!" would make sshd without PAM refuse the key as well.
    act useradd --system --user-group --no-create-home --home-dir "$state/$host" --shell /bin/sh --password '*' \
      --comment "offsite-rsync $host" -- "$account"
  fi
  [ -n "$dry_run" ] || [ "$(id -u -- "$account")" -ne 0 ] || fail "$account is another name for root"
}

make_directories() {
  make_directory "$root" 755 root:root
  make_directory "$root/$host" 700 "$account:$account"
  make_directory "$state" 755 root:root
  make_directory "$state/$host" 700 "$account:$account"
  make_directory "$ETC" 755 root:root
  make_directory "$ETC/authorized_keys.d" 755 root:root
  make_directory "$ETC/credentials" 700 root:root
  make_trash
}

# Made now, because prune must not need an inode before it gives some back; and by the account, because root changes
# nothing in a directory where somebody else may put links.
make_trash() {
  path=$root/$host/.trash
  [ ! -e "$DESTDIR$path" ] || return 0
  say "directory $path"
  if is_live; then
    act setpriv --reuid "$account" --regid "$account" --init-groups mkdir -m 700 -- "$path"
  else
    act mkdir -m 700 -- "$DESTDIR$path"
  fi
}

first_settings() {
  if [ -f "$here/secondary.example.yaml" ]; then
    write_file "$ETC/secondary.example.yaml" 644 <"$here/secondary.example.yaml"
  fi
  if [ -f "$DESTDIR$ETC/secondary.yaml" ] || [ -z "$jobs" ]; then return 0; fi
  {
    cat <<YAML
# What this machine accepts, keeps and deletes. All keys: secondary.example.yaml beside this file.
version: 1
root: $root
state_dir: $state
timezone: UTC

# Nobody is told of anything until a channel stands here; see "alerts" in the example.
alerts:
  channels: {}

hosts:
YAML
    host_settings
  } | write_file "$ETC/secondary.yaml" 644
}

# What belongs below "hosts:" for this host.
host_settings() {
  cat <<YAML
  $host:
    account: $account
    secondary: $secondary
    retention: { last: 3, within: 2d, daily: 14, weekly: 8, monthly: 12, min_age: 1d }
    jobs:
      # expect says when a snapshot is due (cron, in the timezone above): here one a day, a day later at the latest.
      # Write when your backups really run, or nobody notices one that is missing in time.
YAML
  for job in ${jobs:-JOB}; do say "      $job: { expect: { schedule: '0 0 * * *', grace: 1d } }"; done
}

forced_command() {
  case $secondary in
    gate) say "$BIN/offsite-gate $host" ;;
    rrsync) say "/usr/bin/rrsync -wo -no-del -munge $root/$host" ;;
  esac
}

# What a read key starts. rrsync -ro neither locks nor deletes.
read_command() {
  case $secondary in
    gate) say "$BIN/offsite-gate --read $host" ;;
    rrsync) say "/usr/bin/rrsync -ro -munge $root/$host" ;;
  esac
}

# The lines of read keys, of a gate or a plain rrsync.
READ_COMMANDS='offsite-gate --read |rrsync -ro '

# key_line FILE COMMAND: the line for authorized_keys, or nothing when FILE holds no single plain public key.
key_line() {
  LC_ALL=C awk -v command="$2" -v label="offsite-rsync-$host" '
    /^[ \t]*(#.*)?$/ { next }
    { lines++ }
    $1 !~ /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$/ { bad = 1 }
    $2 !~ /^[A-Za-z0-9+\/]+=*$/ { bad = 1 }
    { type = $1; blob = $2 }
    END { if (lines == 1 && !bad) printf "command=\"%s\",restrict %s %s %s\n", command, type, blob, label }
  ' "$1"
}

# The file belongs to root, and sshd looks nowhere else: whoever may write as the account cannot widen what the key may.
install_keys() {
  file=$ETC/authorized_keys.d/$account
  present=$(cat -- "$DESTDIR$file" 2>/dev/null || :)
  added=''
  old_ifs=$IFS
  IFS=$NEWLINE
  for key in $keys; do add_line "$(key_line "$key" "$(forced_command)")"; done
  for key in $read_keys; do add_line "$(key_line "$key" "$(read_command)")"; done
  IFS=$old_ifs
  # A line that was commented out lets nobody read.
  ! printf '%s\n' "$present" | grep -Ev '^[[:space:]]*#' | grep -Eq -e "$READ_COMMANDS" || reads=yes
  printf '%s\n' "$present" | awk NF | write_file "$file" 644
}

# Puts a line in place of the one that this key has.
add_line() {
  blob=$(printf '%s' "$1" | awk '{ print $(NF - 1) }')
  kept=$(printf '%s\n' "$present" | awk -v blob="$blob" 'NF && index($0, blob) == 0')
  present="${kept:+$kept
}$1"
  added="$added$1
"
}

sshd_snippet() {
  cat <<SNIPPET
# What $account may do over ssh: start the forced command, and nothing else. Written by install.sh.
Match User $account
    AuthorizedKeysFile $ETC/authorized_keys.d/%u
$(one_command)
    AuthenticationMethods publickey
    PasswordAuthentication no
    KbdInteractiveAuthentication no
    DisableForwarding yes
    AllowTcpForwarding no
    AllowStreamLocalForwarding no
    AllowAgentForwarding no
    X11Forwarding no
    PermitTunnel no
    PermitListen none
    PermitOpen none
    GatewayPorts no
    PermitTTY no
    PermitUserRC no
    # node would load what the first names, should AcceptEnv ever let it through, and dies of a very long locale.
    SetEnv NODE_OPTIONS= LC_ALL=C
    MaxSessions 2
    MaxAuthTries 3
    # A line that is dead is noticed after three minutes; a session that lives for ever is ended by the gate.
    ClientAliveInterval 30
    ClientAliveCountMax 6
$(unused_connections)
Match all
SNIPPET
}

# sshd starts it whatever the line of a key says, so there is none where a read key has a command of its own.
one_command() {
  if [ -n "$reads" ]; then
    say "    # No ForceCommand: there is a read key, so what a key starts is said in its line alone."
  else
    say "    # Also for a line of authorized_keys that forgot it."
    say "    ForceCommand $(forced_command)"
  fi
}

# Known to OpenSSH 9.2 and newer; an older one would not start with it.
unused_connections() {
  line='    UnusedConnectionTimeout 2m'
  if is_live && command -v sshd >/dev/null 2>&1; then
    sshd -T -o 'UnusedConnectionTimeout 2m' >/dev/null 2>&1 || line='    # UnusedConnectionTimeout is not known to this sshd.'
  fi
  say "$line"
}

install_sshd() {
  file=$SSHD/offsite-rsync-$host.conf
  before=$(cat -- "$DESTDIR$file" 2>/dev/null || :)
  sshd_snippet | write_file "$file" 644
  is_live || return 0
  [ -z "$dry_run" ] || return 0
  if ! grep -Eqi '^[[:space:]]*Include[[:space:]]+/etc/ssh/sshd_config\.d/' /etc/ssh/sshd_config 2>/dev/null; then
    say "NOTE: /etc/ssh/sshd_config does not include $SSHD/*.conf: add at its top: Include $SSHD/*.conf"
  fi
  command -v sshd >/dev/null 2>&1 || return 0
  # Without it sshd does not even check; systemd makes it when sshd starts.
  [ -d /run/sshd ] || mkdir -m 755 /run/sshd
  if ! problem=$(sshd -t 2>&1); then
    # A broken snippet would lock everybody out at the next restart.
    rm -f -- "$file"
    [ -z "$before" ] || printf '%s\n' "$before" >"$file"
    fail "sshd does not accept $file, so it was removed again: $problem"
  fi
  if [ "$before" != "$(cat -- "$file")" ] && has_systemd; then
    systemctl try-reload-or-restart ssh.service 2>/dev/null || systemctl try-reload-or-restart sshd.service
  fi
}

install_units() {
  for service in $SERVICES; do
    for unit in "$service@.service" "$service@.timer"; do write_file "$UNITS/$unit" 644 <"$here/systemd/$unit"; done
    drop_in=$UNITS/$service@$host.service.d/place.conf
    if [ "$account" = "offsite-$host" ] && [ "$root" = /srv/offsite ] && [ "$state" = /var/lib/offsite-rsync ]; then
      remove "$drop_in"
      remove_empty "$(dirname -- "$drop_in")"
      continue
    fi
    if [ "$service" = offsite-prune-check ] || [ "$service" = offsite-drill ]; then
      places="ReadOnlyPaths=$root/$host
ReadWritePaths=$state/$host -/var/lib/offsite-metrics/$host"
    else
      places="ReadWritePaths=$root/$host $state/$host"
    fi
    write_file "$drop_in" 644 <<DROPIN
# Written by install.sh: where this host differs from the template.
[Service]
User=$account
ReadOnlyPaths=
ReadWritePaths=
$places
DROPIN
  done
  has_systemd || return 0
  act systemctl daemon-reload
  if [ -f "$ETC/secondary.yaml" ]; then
    for service in $SERVICES; do act systemctl enable --now "$service@$host.timer"; done
  fi
}

tell_next() {
  say ''
  if [ -n "$dry_run" ]; then
    say "Nothing has been changed. Without --dry-run, the secondary would be set up for $host (account $account)."
  else
    say "The secondary is set up for $host (account $account)."
  fi
  if [ -n "$added" ]; then
    say "Lines of $ETC/authorized_keys.d/$account for the keys given:"
    say ''
    printf '%s' "$added" | sed 's/^/  /'
    say ''
    [ -z "$read_keys" ] || say "A read key reads all snapshots of $host: keep it away from the primary, and offline."
  else
    say "The primary cannot push yet: give its public key with --key FILE.pub."
  fi
  settings=$DESTDIR$ETC/secondary.yaml
  if [ -f "$settings" ] && ! grep -Fq -e " $host:" -e "\"$host\":" -e "'$host':" -- "$settings"; then
    say "NOTE: $ETC/secondary.yaml has no entry for $host. Add below hosts:, with every job of it:"
    say ''
    host_settings
    say ''
  fi
  if ! grep -Eq '^[[:space:]]+type:|[{,][[:space:]]*type:' -- "$settings" 2>/dev/null; then
    say "NOTE: nobody is told of anything yet. Add a channel under alerts: in $ETC/secondary.yaml (see secondary.example.yaml there)."
  fi
  say "Check with: $BIN/offsite-gate --check $host"
  say "       and: runuser -u $account -- $BIN/offsite-prune check $host"
}

stop_timers() {
  has_systemd || return 0
  for service in $SERVICES; do act systemctl disable --now "$service@$1.timer" 2>/dev/null || :; done
}

uninstall_host() {
  stop_timers "$1"
  for service in $SERVICES; do
    remove "$UNITS/$service@$1.service.d/place.conf"
    remove_empty "$UNITS/$service@$1.service.d"
  done
  remove "$SSHD/offsite-rsync-$1.conf"
}

# user_of_snippet FILE: the account of a snippet that holds nothing but one Match User block with our keys.
user_of_snippet() {
  awk -v keys="$ETC/authorized_keys.d/%u" '
    /^[ \t]*(#.*)?$/ || /^Match all$/ { next }
    /^Match User [a-z_][a-z0-9_-]*$/ { blocks++; user = $3; next }
    /^[^ \t]/ { foreign = 1 }
    $1 == "AuthorizedKeysFile" && $2 == keys { ours = 1 }
    END { if (blocks == 1 && ours && !foreign) print user }
  ' "$1"
}

# remove_own_snippets ACCOUNT: also those for a plain rrsync that were written by hand, as the README shows it, of one
# account or of all. What else stands in such a file is not ours, so then it stays.
remove_own_snippets() {
  for snippet in "$DESTDIR$SSHD"/*.conf; do
    [ -f "$snippet" ] || continue
    user=$(user_of_snippet "$snippet")
    [ -n "$user" ] || continue
    if [ -z "$1" ] || [ "$user" = "$1" ]; then remove "${snippet#"$DESTDIR"}"; fi
  done
}

uninstall() {
  if [ -n "$host" ]; then
    uninstall_host "$host"
    remove_own_snippets "$account"
    # Without its key file and the snippet the account can no longer log in.
    remove "$ETC/authorized_keys.d/$account"
  else
    for snippet in "$DESTDIR$SSHD"/offsite-rsync-*.conf; do
      [ -f "$snippet" ] || continue
      name=${snippet##*/offsite-rsync-}
      uninstall_host "${name%.conf}"
    done
    remove_own_snippets ''
    for file in "$DESTDIR$ETC"/authorized_keys.d/*; do
      [ ! -f "$file" ] || remove "${file#"$DESTDIR"}"
    done
    for service in $SERVICES; do remove "$UNITS/$service@.service" "$UNITS/$service@.timer"; done
    for name in $PROGRAMS; do remove "$BIN/$name" "$LIB/$name.mjs"; done
    for part in "$DESTDIR$LIB"/parts/*.mjs; do
      [ ! -f "$part" ] || remove "${part#"$DESTDIR"}"
    done
    remove_empty "$LIB/parts" "$LIB" "$ETC/authorized_keys.d"
  fi
  if has_systemd; then
    act systemctl daemon-reload
    act systemctl try-reload-or-restart ssh.service 2>/dev/null || :
  fi
  say ''
  say "Kept: the snapshots below $root, the state below $state, the accounts, and $ETC/secondary.yaml."
}

read_arguments "$@"
check_arguments
if [ -n "$uninstall" ]; then
  uninstall
  exit 0
fi
find_programs
check_machine
install_programs
make_account
make_directories
first_settings
install_keys
install_sshd
install_units
tell_next
