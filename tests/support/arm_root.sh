#!/usr/bin/env bash
# Debian for aarch64 in a folder, and commands run in it on an emulated Cortex-A72, the processor of
# a Raspberry Pi 4: an instruction that it does not have ends the program with SIGILL, as there.
#
#   tests/support/arm_root.sh make bookworm|trixie     makes the root if it is not there; prints its folder
#   tests/support/arm_root.sh run SUITE [--see HOST_FOLDER INSIDE]... -- COMMAND...
#                                              runs a command in it, as root, without a network;
#                                              folders of the host are seen read-only
#
# Roots are kept in $XDG_CACHE_HOME/fingerspell/arm (or ~/.cache): 0.5 GB and three minutes each,
# most of which is emulation. Needs root, mmdebstrap and qemu-user-static:
#   apt-get install mmdebstrap qemu-user-static binfmt-support
# Exit status 69 says that this machine cannot, and one line on stderr why.
set -euo pipefail

CPU=${QEMU_CPU:-cortex-a72}
MIRROR=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
KEPT=${XDG_CACHE_HOME:-$HOME/.cache}/fingerspell/arm

cannot() {
  echo "arm_root: $1" >&2
  exit 69
}

emulate() { # every aarch64 program is handed to qemu by the kernel, inside a root too (flag F)
  [ "$(id -u)" = 0 ] || cannot "mounting and chroot need root; run it with sudo"
  local registered=/proc/sys/fs/binfmt_misc/qemu-aarch64
  [ "$(uname -m)" = aarch64 ] && cannot "this machine is an aarch64 itself; run the tests on it"
  [ -e /proc/sys/fs/binfmt_misc/register ] ||
    mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc 2>/dev/null ||
    cannot "the kernel has no binfmt_misc; load that module"
  [ -e "$registered" ] || update-binfmts --enable qemu-aarch64 2>/dev/null || true
  grep -q '^flags:.*F' "$registered" 2>/dev/null ||
    cannot "no qemu for aarch64: apt-get install qemu-user-static binfmt-support"
}

make() {
  local root=$KEPT/$1 unfinished=$KEPT/$1.unfinished
  if [ ! -e "$root/usr/bin/python3" ]; then
    emulate
    command -v mmdebstrap >/dev/null || cannot "no mmdebstrap: apt-get install mmdebstrap"
    mkdir -p "$KEPT"
    rm -rf --one-file-system "$unfinished"
    QEMU_CPU=$CPU nice mmdebstrap --mode=root --arch=arm64 --variant=minbase \
      --include=python3,python3-venv "$1" "$unfinished" "$MIRROR" >&2
    mv "$unfinished" "$root"
  fi
  echo "$root"
}

cpuinfo() { # what a Raspberry Pi 4 says; of this machine's own, LiteRT would die
  local core
  for ((core = 0; core < $(nproc); core++)); do
    printf '%s\t: %s\n' processor "$core" BogoMIPS 108.00 \
      Features 'fp asimd evtstrm crc32 cpuid' 'CPU implementer' 0x41 'CPU architecture' 8 \
      'CPU variant' 0x0 'CPU part' 0xd08 'CPU revision' 3
    echo
  done
  printf '%s\t: %s\n' Model 'Raspberry Pi 4 Model B Rev 1.4'
}

run() { # in namespaces of its own: what is mounted and started goes when the command ends
  local root=$KEPT/$1
  shift
  emulate
  [ -e "$root/usr/bin/python3" ] || cannot "there is no root $root; tests/support/arm_root.sh make"
  cpuinfo >"$root/etc/cpuinfo.$$"
  mv "$root/etc/cpuinfo.$$" "$root/etc/cpuinfo"
  export root CPU
  # shellcheck disable=SC2016 # the inner shell's variables are meant
  exec unshare --mount --pid --net --fork --kill-child bash -euo pipefail -c '
    mount -t proc proc "$root/proc"
    mount --bind "$root/etc/cpuinfo" "$root/proc/cpuinfo"
    mount --rbind --make-rprivate -o ro /sys "$root/sys"
    mount --rbind --make-rprivate /dev "$root/dev"
    while [ "$1" = --see ]; do
      mkdir -p "$root$3"
      mount --bind "$2" "$root$3"
      mount -o remount,bind,ro "$root$3"
      shift 3
    done
    shift
    code=0  # no exec: the kernel spares a first process the signals that it raises itself
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
      QEMU_CPU="$CPU" "$@" || code=$?
    exit $code
  ' arm_root "$@"
}

case "${1:-}:${2:-}" in
  make:bookworm | make:trixie) make "$2" ;;
  run:bookworm | run:trixie) shift && run "$@" ;;
  *) sed -n '5,8s/^# *//p' "$0" >&2 && exit 64 ;;
esac
