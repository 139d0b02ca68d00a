#!/usr/bin/env bash
# Installs fingerspell as a service that starts at boot, from the checkout that this file lies in.
# Run again, it upgrades. What fails on the way is undone, and what ran before runs on.
set -euo pipefail
umask 022

usage() {
  cat <<'EOF'
sudo systemd/install.sh [--kiosk | --no-kiosk] [--wheels FOLDER] [--models FOLDER]
sudo systemd/install.sh --check
sudo systemd/install.sh --uninstall [--purge]

  --kiosk          with a display for visitors, without a desktop; kept by later upgrades
  --no-kiosk       without it again
  --wheels FOLDER  no network: libraries from this folder, which `pip wheel '.[screen,metrics,mqtt,web]'`
                   filled on a machine of the same kind; these are taken as they are, while those
                   from the network have the versions and checksums of systemd/locked.txt
  --models FOLDER  the hand models from this folder, such as ~/.local/share/fingerspell/models;
                   a file is copied only if it has the checksum of a hand model
  --check          say what is installed, and whether it is whole and running
  --uninstall      remove it, but not its configuration and its state
  --purge          these too

PYTHON=python3.13 chooses another interpreter. The exit status is 0, 1 for a fault, 2 for wrong use.
EOF
}

SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly SOURCE
readonly PREFIX=/opt/fingerspell
readonly VENV=$PREFIX/venv # a link to the environment in use, so that one rename changes it
readonly ETC=/etc/fingerspell
readonly CONFIGURATION=$ETC/fingerspell.toml
readonly STATE=/var/lib/fingerspell
readonly SHARE=$PREFIX/share # root's, so that the service cannot put a link in the models' place
readonly MODELS=$SHARE/fingerspell/models
readonly OLD_MODELS=$STATE/models # where they were up to version 0.1.0
readonly UNITS=/etc/systemd/system
readonly ACCOUNT=fingerspell
readonly SERVICE=fingerspell.service
readonly KIOSK=fingerspell-kiosk.service
readonly PYTHON=${PYTHON:-python3}
readonly ROOM_MB=800 # an environment and the wheels it is made of take 450
readonly START_S=90  # a Pi with a cold card loads the models in half a minute

main() {
  local action=set_up kiosk='' purge='' wheels='' models=''
  while [ $# -gt 0 ]; do
    case $1 in
      --kiosk) kiosk=yes ;;
      --no-kiosk) kiosk=no ;;
      --wheels | --models)
        [ -d "${2:-}" ] || wrong "$1 wants a folder, and '${2:-}' is none"
        if [ "$1" = --wheels ]; then wheels=$(cd "$2" && pwd); else models=$(cd "$2" && pwd); fi
        shift
        ;;
      --check) action=check ;;
      --uninstall) action=remove ;;
      --purge) purge=yes ;;
      -h | --help) usage && exit 0 ;;
      *) wrong "there is no option $1" ;;
    esac
    shift
  done
  [ -z "$purge" ] || [ $action = remove ] || wrong "--purge goes with --uninstall"
  cd / # this may have been called from a folder that goes away
  [ "$(id -u)" = 0 ] || die "only root may do this: sudo systemd/install.sh"
  [ -d /run/systemd/system ] || die "systemd does not run here, and nothing else could start it"
  exec 9>/run/fingerspell-install.lock
  flock -n 9 || die "another install.sh is at work: let it end first"
  $action
}

say() { printf '%s\n' "install: $*"; }
note() { printf '%s\n' "install: note: $*"; }
die() {
  printf '%s\n' "install: $*" >&2
  exit 1
}
wrong() {
  printf '%s\n' "install: $*" >&2
  usage >&2
  exit 2
}

# ---- what was done, to be undone in reverse when a step fails or a signal comes -----------------

undoing=() # commands, quoted for eval
child=''   # the process group of a long step

undo() { undoing+=("$(printf '%q ' "$@")"); }

# Runs a long command such that a signal to this script ends it at once, and all that it started.
work() {
  local status=0
  setsid "$@" 9>&- &
  child=$!
  wait "$child" || status=$?
  child=''
  return $status
}

finish() {
  local status=$? i undone="everything is as it was before"
  trap - EXIT
  trap '' INT TERM HUP # the undoing itself is seen through
  set +e
  [ -z "$child" ] || { kill -TERM -- "-$child" && wait "$child"; } 2>/dev/null
  if [ ${#undoing[@]} != 0 ]; then
    printf '%s\n' "install: undoing what was done" >&2
    for ((i = ${#undoing[@]} - 1; i >= 0; i--)); do
      eval "${undoing[i]}" || undone="what could not be undone is above: see systemd/install.sh --check"
    done
    printf '%s\n' "install: $undone" >&2
  fi
  exit $status
}

# Keeps what is at a path, or that there was nothing, for the undoing.
keep() {
  if [ -e "$1" ] || [ -L "$1" ]; then
    local copy=$kept/${#undoing[@]}
    cp -a "$1" "$copy"
    undo mv -fT "$copy" "$1"
  fi
  undo rm -rf "$1"
}

folder() { # PATH OWNER
  [ ! -d "$1" ] || [ -L "$1" ] || return 0
  undo rm -rf "$1"
  install -d -m 755 -o "$2" -g "$2" "$1"
}

# Says why root may not work in a folder: whoever can change it could lead root elsewhere by a link.
distrust() { # PATH
  if [ -L "$1" ]; then
    printf '%s' "$1 is a link"
  elif [ -e "$1" ] && [ ! -d "$1" ]; then
    printf '%s' "$1 is no folder"
  elif [ -d "$1" ] && [ "$(stat -c %u "$1")" != 0 ]; then
    printf '%s' "$1 belongs to $(stat -c %U "$1")"
  elif [ -d "$1" ] && [ -n "$(find "$1" -maxdepth 0 -perm /022)" ]; then
    printf '%s' "$1 can be written by others than root"
  fi
}

# Puts a file in place whole or not at all, and remembers what was there.
put() { # FILE PATH MODE GROUP
  keep "$2"
  undo rm -f "$2.part"
  install -m "$3" -g "$4" "$1" "$2.part"
  mv -fT "$2.part" "$2"
}

# ---- install and upgrade ------------------------------------------------------------------------

set_up() {
  local kept new old='' unit other enabled=() active=()
  export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
  unset PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE
  choose_unit
  say "checking this machine"
  examine
  trap finish EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  folder "$PREFIX" root
  sweep
  kept=$(mktemp -d "$PREFIX/.kept.XXXXXX")
  undo rm -rf "$kept"
  make_environment
  make_account
  get_models
  configure
  switch
  start
  undoing=()
  rm -rf "$kept" ${old:+"$old"}
  say "done; what it reads: journalctl -u $unit -o cat -f"
}

choose_unit() {
  unit=$SERVICE other=$KIOSK
  if [ "$kiosk" = yes ] || { [ -z "$kiosk" ] && systemctl is-enabled --quiet $KIOSK 2>/dev/null; }; then
    unit=$KIOSK other=$SERVICE
  fi
}

# Root follows no link that another user could have made.
examine_folders() {
  local path reason
  for path in "$(dirname "$PREFIX")" "$PREFIX" "$SHARE" "$SHARE/fingerspell" "$MODELS" "$ETC"; do
    reason=$(distrust "$path")
    [ -z "$reason" ] || die "$reason, and root would trust it: chown root: $path && chmod go-w $path, or move it away"
  done
  [ ! -L "$STATE" ] || die "$STATE is a link: move it away"
}

# Nothing is changed before all of this holds.
examine() {
  local machine room_mb library
  examine_folders
  machine=$(uname -m)
  case $machine in
    x86_64 | aarch64) ;;
    *) die "this is $machine; fingerspell needs a 64-bit system, x86_64 or aarch64" ;;
  esac
  command -v "$PYTHON" >/dev/null || die "there is no $PYTHON: sudo apt install python3 python3-venv"
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "fingerspell needs Python 3.11 or newer: sudo PYTHON=python3.13 systemd/install.sh"
  # A 32-bit Raspberry Pi OS has a 64-bit kernel.
  "$PYTHON" -c 'import sys; sys.exit(sys.maxsize < 2**32)' ||
    die "$PYTHON is a 32-bit program; fingerspell needs a 64-bit system"
  "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null ||
    die "$PYTHON cannot make environments: sudo apt install python3-venv"
  case $("$PYTHON" -c 'import os, sys; print(os.path.realpath(sys.base_prefix))') in
    /home/* | /root/*)
      die "$PYTHON lies in a home directory, which the service does not see: sudo PYTHON=/usr/bin/python3 systemd/install.sh"
      ;;
  esac
  room_mb=$(df --output=avail -BM "$(dirname "$PREFIX")" | tr -dc '0-9')
  [ "$room_mb" -ge $ROOM_MB ] ||
    die "there are $room_mb MB free in $(dirname "$PREFIX"), and $ROOM_MB are needed: make room"
  [ ! -e "$VENV" ] || [ -L "$VENV" ] || die "$VENV is not of this script's making: move it away"
  [ "$unit" = $KIOSK ] || return 0
  for library in libdrm.so.2 libgbm.so.1 libEGL.so.1 libGLESv2.so.2; do
    grep -q "$library" <<<"$(ldconfig -p)" ||
      die "a window without a desktop needs $library: sudo apt install libgbm1 libegl1 libgles2"
  done
  if systemctl is-enabled --quiet display-manager.service 2>/dev/null; then
    note "a desktop takes the screen at boot: sudo systemctl set-default multi-user.target"
  fi
}

# What a run that was killed (kill -9, a power cut) left behind.
sweep() {
  local path
  for path in "$PREFIX"/venv.* "$PREFIX"/.kept.* "$MODELS"/.fetch-*; do
    [ ! -e "$path" ] || [ "$path" = "$(readlink "$VENV")" ] || rm -rf "$path"
  done
}

make_environment() {
  local flags=() from=() what lock=$SOURCE/systemd/locked.txt
  new=$(mktemp -d "$PREFIX/venv.XXXXXX")
  undo rm -rf "$new"
  chmod 755 "$new"
  mkdir "$new/tmp" # on this disk, since /tmp may be memory
  export TMPDIR=$new/tmp
  # As in the Makefile: picamera2 comes from apt only, and on Bookworm was made for NumPy 1.
  if "$PYTHON" -c 'import importlib.util, sys; sys.exit(not importlib.util.find_spec("picamera2"))'; then
    flags=(--system-site-packages)
    case $("$PYTHON" -c 'from importlib.metadata import version; print(version("numpy"))') in
      1.*)
        from=(--constraint "$SOURCE/systemd/constraints-bookworm.txt")
        lock=$SOURCE/systemd/locked-bookworm.txt
        ;;
    esac
    say "picamera2 is there: the environment sees apt's packages"
  fi
  say "making an environment in $new"
  work "$PYTHON" -m venv "${flags[@]}" "$new" || die "could not make it; the reason is above"
  if [ -n "$wheels" ]; then
    from+=(--no-index --find-links "$wheels")
  fi
  if compgen -G "${wheels:-/nowhere}/fingerspell-*.whl" >/dev/null; then
    what=fingerspell
    say "installing fingerspell and its libraries from $wheels"
  else
    # Built from a copy: pip would leave root's files in the checkout.
    what=$new/tmp/fingerspell
    mkdir "$what"
    cp -r "$SOURCE"/{edge,setup.cfg,pyproject.toml,README.md,LICENSE} "$what"
    say "installing fingerspell and its libraries; this can take a few minutes"
  fi
  if [ -z "$wheels" ]; then
    # Each library has the version and one of the checksums that the lock file states. What builds
    # fingerspell itself is among them.
    work "$new/bin/python" -m pip install --quiet --no-cache-dir --require-hashes --no-deps \
      --only-binary :all: --requirement "$lock" ||
      die "could not install the libraries of $lock: is the network there, and room in $PREFIX?"
    from=(--no-deps --no-index --no-build-isolation)
  fi
  work "$new/bin/python" -m pip install --quiet --no-cache-dir "${from[@]}" "${what}[screen,metrics,mqtt,web]" ||
    die "could not install the libraries: is ${wheels:-the network there}${wheels:+ complete}, and room in $PREFIX?"
  rm -rf "$new/tmp"
  unset TMPDIR
  "$new/bin/fingerspell" --version >/dev/null || die "what was installed does not run"
}

make_account() {
  if ! id "$ACCOUNT" >/dev/null 2>&1; then
    say "making the user $ACCOUNT"
    undo userdel "$ACCOUNT"
    useradd --system --user-group --home-dir "$STATE" --no-create-home \
      --shell /usr/sbin/nologin "$ACCOUNT"
  fi
  folder "$STATE" "$ACCOUNT"
}

# Says what is wrong with the hand models, if anything is.
model_faults() { # ENVIRONMENT
  XDG_DATA_HOME=$SHARE "$1/bin/python" -c '
import sys
from edge.models import handmodels
faults = handmodels.faults()
print("; ".join(f"{name} is {fault}" for name, fault in faults.items()))
sys.exit(bool(faults))'
}

# Copies the hand models of a folder that may be anybody's. A link is not followed, and nothing is
# kept that has not the checksum of a hand model: root can read what others may not.
copy_models() { # ENVIRONMENT FOLDER
  XDG_DATA_HOME=$SHARE "$1/bin/python" -c '
import hashlib, os, stat, sys
from pathlib import Path
from edge.errors import FingerspellError
from edge.files import write
from edge.models import handmodels
MOST = 1 << 25  # bytes; the largest has 6 MB
folder = Path(sys.argv[1])
for name, sha256 in handmodels.SHA256.items():
    path = folder / f"{name}.tflite"
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        continue
    with os.fdopen(file, "rb") as opened:
        regular = stat.S_ISREG(os.fstat(file).st_mode)
        content = opened.read(MOST) if regular else b""
    if hashlib.sha256(content).hexdigest() != sha256:
        print(f"install: note: {path} is not the hand model of that name, and is not copied")
        continue
    try:
        write(handmodels.path(name), content)
    except (OSError, FingerspellError) as error:
        sys.exit(f"install: {error}")' "$2"
}

get_models() {
  local faults
  if model_faults "$new" >/dev/null; then
    return
  fi
  folder "$SHARE" root
  folder "$SHARE/fingerspell" root
  keep "$MODELS"
  install -d -m 755 "$MODELS"
  if [ -n "$models" ]; then
    say "copying the hand models from $models"
    copy_models "$new" "$models" ||
      die "could not copy them; is there room in $(dirname "$PREFIX")?"
  else
    [ ! -d "$OLD_MODELS" ] || copy_models "$new" "$OLD_MODELS" || true
    if ! model_faults "$new" >/dev/null; then
      say "fetching the hand models (36 MB, once)"
      XDG_DATA_HOME=$SHARE PIP_NO_INDEX=${wheels:+1} PIP_FIND_LINKS=$wheels \
        work "$new/bin/fingerspell" models --fetch >/dev/null ||
        die "there are no hand models: connect to the network, or say where they are: --models FOLDER"
    fi
  fi
  faults=$(model_faults "$new") || die "$faults: choose another folder: --models FOLDER"
}

# The configuration may hold a camera's password: it is for root and the service to read.
configure() {
  folder "$ETC" root
  if [ ! -e "$CONFIGURATION" ]; then
    say "putting an example configuration in $CONFIGURATION"
    put "$SOURCE/systemd/fingerspell.toml" "$CONFIGURATION" 640 "$ACCOUNT"
  elif ! cmp -s "$SOURCE/systemd/fingerspell.toml" "$CONFIGURATION"; then
    say "keeping $CONFIGURATION; the new example is beside it, $(basename "$CONFIGURATION").new"
    put "$SOURCE/systemd/fingerspell.toml" "$CONFIGURATION.new" 640 "$ACCOUNT"
  fi
  configured "$new" || die "correct $CONFIGURATION, and run this again"
}

configured() { # ENVIRONMENT
  "$1/bin/python" -c '
import sys
from pathlib import Path
from edge.config import load
from edge.errors import FingerspellError
try:
    load(Path(sys.argv[1]), {})
except FingerspellError as error:
    sys.exit(f"fingerspell: {error}")' "$CONFIGURATION"
}

switch() {
  local name
  for name in $SERVICE $KIOSK; do
    if systemctl is-enabled --quiet "$name" 2>/dev/null; then enabled+=("$name"); fi
    case $(systemctl is-active "$name") in active | activating) active+=("$name") ;; esac
  done
  undo as_before
  if [ ${#active[@]} != 0 ]; then
    say "stopping what runs"
    systemctl stop "${active[@]}"
  fi
  say "putting $unit in $UNITS"
  put "$SOURCE/systemd/$unit" "$UNITS/$unit" 644 root
  # Only one of the two units is installed, so that nothing can enable both.
  if [ -e "$UNITS/$other" ]; then
    systemctl disable --quiet "$other"
    keep "$UNITS/$other"
    rm "$UNITS/$other"
  fi
  if [ -L "$VENV" ]; then
    old=$(readlink "$VENV")
    undo point "$old"
  else
    undo rm -f "$VENV"
  fi
  point "$new"
}

point() { # ENVIRONMENT
  ln -sfnT "$1" "$VENV.part" && mv -fT "$VENV.part" "$VENV"
}

as_before() {
  systemctl daemon-reload
  [ ${#enabled[@]} = 0 ] || systemctl enable --quiet "${enabled[@]}"
  [ ${#active[@]} = 0 ] || systemctl start --no-block "${active[@]}"
}

stop() {
  systemctl disable --quiet --now "$unit"
  systemctl reset-failed "$unit" 2>/dev/null || true # one that failed no more may be unknown by now
}

start() {
  say "starting $unit"
  systemctl daemon-reload
  undo stop
  systemctl enable --quiet "$unit"
  systemctl reset-failed "$unit" 2>/dev/null || true
  local until=$((SECONDS + START_S)) since
  since=$(date +%s)
  systemctl start --no-block "$unit"
  while [ $SECONDS -lt $until ]; do
    case $(property SubState) in
      start)
        # The program itself reports that it waits for its camera.
        if grep -q "opening .* again" <<<"$(log_lines)"; then
          note "there is no camera yet; the service waits for one: $(log_lines | tail -n 1). See $CONFIGURATION"
          return
        fi
        ;;
      running)
        say "it runs: $(status_text)"
        return
        ;;
      failed | auto-restart)
        if [ "$(property ExecMainStatus)" = 3 ]; then
          note "there is no camera yet; the service starts again until there is one. See fingerspell devices, and $CONFIGURATION"
          return
        fi
        log_lines >&2
        die "it does not run; the reason is above"
        ;;
    esac
    sleep 0.2
  done
  note "the service has not reported yet that it reads frames; perhaps its camera is missing: $(status_text)"
}

# The last log lines of the service since it was started.
log_lines() {
  journalctl --quiet --no-pager --output cat --unit "$unit" --since "@$since" --lines 8
}

property() { systemctl show --property "$1" --value "$unit"; } # NAME

status_text() {
  local text
  text=$(property StatusText)
  printf '%s' "${text:-systemctl status $unit}"
}

# ---- check --------------------------------------------------------------------------------------

check() {
  local faulty='' unit='' name text
  for name in $SERVICE $KIOSK; do
    if [ -e "$UNITS/$name" ]; then unit=$name; fi
  done
  if [ ! -e "$VENV" ] && [ -z "$unit" ]; then
    finding fault "nothing is installed: sudo systemd/install.sh"
    exit 1
  fi
  for name in "$PREFIX" "$SHARE" "$SHARE/fingerspell" "$MODELS" "$ETC"; do
    text=$(distrust "$name")
    [ -z "$text" ] || finding fault "folders: $text; run install.sh again, which says what to do"
  done
  [ -z "$faulty" ] || exit 1 # what lies in them is not run as root
  if text=$("$VENV/bin/fingerspell" --version 2>&1); then
    finding ok "environment: fingerspell $text in $(readlink "$VENV")"
    if text=$(model_faults "$VENV" 2>&1); then
      finding ok "hand models: $MODELS"
    else
      finding fault "hand models: $text; run install.sh again"
    fi
    if text=$(configured "$VENV" 2>&1); then
      finding ok "configuration: $CONFIGURATION"
    else
      finding fault "configuration: $text"
    fi
  else
    finding fault "environment: $text; run install.sh again"
  fi
  if id "$ACCOUNT" >/dev/null 2>&1; then
    finding ok "user: $ACCOUNT"
  else
    finding fault "user: there is no $ACCOUNT; run install.sh again"
  fi
  if [ -z "$unit" ]; then
    finding fault "unit: there is none; run install.sh again"
    exit 1
  elif cmp -s "$SOURCE/systemd/$unit" "$UNITS/$unit"; then
    finding ok "unit: $unit"
  else
    finding note "unit: $unit is not this checkout's; run install.sh again"
  fi
  if systemctl is-enabled --quiet "$unit"; then
    finding ok "start at boot: yes"
  else
    finding fault "start at boot: no; sudo systemctl enable --now $unit"
  fi
  text="$(property ActiveState), restarted $(property NRestarts) times; $(status_text)"
  if [ "$(property ActiveState)" = active ]; then
    finding ok "running: $text"
  else
    finding fault "running: $text; journalctl -u $unit -e"
  fi
  if ! grep -qsw memory /sys/fs/cgroup/cgroup.controllers &&
    ! grep -qsE '^memory\s.*\s1$' /proc/cgroups; then
    finding note "memory is not limited: add cgroup_enable=memory to /boot/firmware/cmdline.txt"
  fi
  [ -z "$faulty" ] || exit 1
}

finding() { # ok, note or fault; what
  printf '%-5s  %s\n' "$1" "$2"
  [ "$1" != fault ] || faulty=yes
}

# ---- uninstall ----------------------------------------------------------------------------------

remove() {
  local name
  for name in $SERVICE $KIOSK; do
    if [ -e "$UNITS/$name" ]; then
      say "stopping and removing $name"
      systemctl disable --quiet --now "$name"
      rm -f "$UNITS/$name"
      systemctl reset-failed --quiet "$name" 2>/dev/null || true
    fi
  done
  systemctl daemon-reload
  say "removing $PREFIX"
  rm -rf "$PREFIX"
  if [ -n "$purge" ]; then
    say "removing $ETC, $STATE and the user $ACCOUNT"
    rm -rf "$ETC" "$STATE" "$UNITS/$SERVICE.d" "$UNITS/$KIOSK.d"
    ! id "$ACCOUNT" >/dev/null 2>&1 || userdel "$ACCOUNT"
  elif [ -e "$ETC" ] || [ -e "$STATE" ]; then
    say "$ETC and $STATE are kept; --uninstall --purge removes them too"
  fi
}

# Tests take single steps of it.
[ "${BASH_SOURCE[0]}" != "$0" ] || main "$@"
