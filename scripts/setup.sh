#!/bin/sh
# Installs what this repository needs beside git and Node: system packages through apt, then the npm packages.
#
#   scripts/setup.sh build    what compiles the project
#   scripts/setup.sh demo     and boots one guest to run scripts on
#   scripts/setup.sh test     and boots every guest, and the rest of what tests use (the default)
#
# Only what is missing is installed; where nothing is, it says nothing and takes no time. Programs are looked for, not
# packages, so that they may come from anywhere.

set -eu

# PROGRAM:PACKAGE, by what needs them.
build='clang:clang ld.lld:lld llvm-strip:llvm'
demo="$build qemu-system-x86_64:qemu-system-x86 ssh:openssh-client ssh-keygen:openssh-client
  flock:util-linux setpriv:util-linux xz:xz-utils zstd:zstd
  /usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring"
tests="$demo qemu-system-aarch64:qemu-system-arm bpftool:bpftool chromium:chromium
  sshd:openssh-server busybox:busybox mksh:mksh tcsh:tcsh fish:fish"

fail() {
  echo "scripts/setup.sh: $*" >&2
  exit 1
}

case ${1:-test} in
  build) needed=$build ;;
  demo) needed=$demo ;;
  test) needed=$tests ;;
  *) fail "'$1' is none of build, demo, test" ;;
esac
root=$(cd "$(dirname "$0")/.." && pwd)
PATH=$PATH:/usr/sbin:/sbin

# Prints the packages whose program or file is missing, each once.
missing_packages() {
  for pair in $needed; do
    wanted=${pair%:*}
    command -v "$wanted" >/dev/null 2>&1 || [ -e "$wanted" ] || echo "${pair##*:}"
  done | sort -u | tr '\n' ' '
}

install_packages() {
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || fail "neither root nor sudo to install these Debian packages: $1"
    as_root=sudo
  fi
  log=$(mktemp)
  echo "scripts/setup.sh: installing $1"
  # The list of names is meant to be split.
  # shellcheck disable=SC2086
  if ! { $as_root apt-get -q update && $as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q install -y --no-install-recommends $1; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "apt-get could not install $1(its whole output is in $log)"
  fi
  rm -f "$log"
}

missing=$(missing_packages)
if [ -n "$missing" ]; then
  command -v apt-get >/dev/null 2>&1 ||
    fail "this is no Debian system with apt; install what these Debian packages contain, then try again: $missing"
  install_packages "$missing"
  missing=$(missing_packages)
  [ -z "$missing" ] || fail "still missing after the installation: $missing"
fi

needed="install Node 20.19, 22.12, or 23 and newer"
command -v npm >/dev/null 2>&1 || fail "npm is missing; $needed"
# The versions of package.json's engines: "ok", or the version that is too old.
node_version=$(node -p 'const v = process.versions.node, [a, b] = v.split(".");
  a >= 23 || (a == 22 && b >= 12) || (a == 20 && b >= 19) ? "ok" : v')
[ "$node_version" = ok ] || fail "this is Node $node_version; $needed"
installed=$root/node_modules/.package-lock.json
if [ ! -e "$installed" ] || [ "$root/package-lock.json" -nt "$installed" ]; then
  echo "scripts/setup.sh: installing the packages of package-lock.json"
  (cd "$root" && npm ci --no-audit --no-fund --loglevel=error >&2) || fail "npm ci failed"
  touch "$installed"
fi
