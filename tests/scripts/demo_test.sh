#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Tests scripts/demo.sh, with a build of its own: as an ordinary user, in a path with a space, and in a
# build directory that was made without tests, as README says. It leaves nothing, also after Ctrl-C.
set -euo pipefail
shopt -s inherit_errexit
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

if ! command -v ninja >/dev/null; then
  echo "there is no ninja: not tested"
  exit 77
fi

fail() {  # MESSAGE
  echo "$1" >&2
  exit 1
}

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
chmod 755 "$directory"
sources="$directory/the sources"
mkdir "$sources" "$directory"/{home,tmp}
cp -r "$root"/{CMakeLists.txt,LICENSE,README.md,common,p1_read,p2_sum,p3_write,scripts,tests} "$sources"
export HOME=$directory/home TMPDIR=$directory/tmp

as_user=()
if ((EUID == 0)); then
  chown -R 65534:65534 "$sources" "$HOME" "$TMPDIR"
  as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi

cd "$sources"
"${as_user[@]}" cmake -S . -B build -G Ninja -DROWSUM_TESTS=OFF >/dev/null

demo() { "${as_user[@]}" env ROWSUM_TEST="$directory" scripts/demo.sh "$@"; }

[[ $(demo --help) == Usage:* ]] || fail "demo.sh --help does not help"
message=$(demo --colour 2>&1) && fail "demo.sh takes any argument"
[[ $message == "demo.sh: unknown argument '--colour'; try 'scripts/demo.sh --help'" ]] || fail "$message"

shown=$(demo)
echo "$shown"
same=$(grep -cxF 'the same' <<<"$shown")
[[ $same == 3 || ($same == 2 && $shown == *"python3 is not installed"*) ]] || fail "the demo compares $same outputs"
[[ $shown =~ 'p1_read: p2_sum at place '[01]' was killed by signal 9 (KILL), and is replaced' ]] ||
  fail "the demo kills no worker"
# What it says in the end is what can be done: the programs are in that PATH, and that command installs them.
path=$(sed -n 's/^    PATH=/PATH=/p' <<<"$shown")
sum=$(bash -euc "$path; "'echo 1,2 | run_pipeline.sh')
[[ $sum == 0,3 ]] || fail "with the PATH of the demo, run_pipeline.sh prints '$sum'"
"${as_user[@]}" bash -euc "$(grep '^    cmake --install' <<<"$shown")" >/dev/null
[[ -x $HOME/.local/bin/p1_read ]] || fail "the command of the demo installs no p1_read"

assert_nothing_is_left() {  # AFTER_WHAT
  local left
  [[ ! $(ls -A "$TMPDIR") ]] || fail "the demo leaves a file after $1"
  for _ in {1..100}; do
    left=$(grep -lszxF "ROWSUM_TEST=$directory" /proc/[0-9]*/environ) || return 0
    sleep 0.1
  done
  for left in $left; do
    tr '\0' ' ' <"${left%environ}cmdline" >&2
    echo >&2
  done
  fail "the demo leaves a process after $1"
}
assert_nothing_is_left "a whole run"

# Ctrl-C. The third command is given while a run is in the background, with a worker that is stopped. At
# the last of these lines the demo is over, and cleans up. That takes a while here.
mkdir "$directory/slow"
printf '#!/bin/sh\nsleep 0.5\nexec /bin/rm "$@"\n' >"$directory/slow/rm"
chmod 755 "$directory/slow/rm"
lines=("\$ generate_csv" "\$ run_pipeline.sh in.csv" "\$ kill -STOP")
[[ $same == 2 ]] || lines+=("\$ run_pipeline.sh --command")
lines+=('README.md says more')
for line in "${lines[@]}"; do
  rm -f "$directory/shown"
  "${as_user[@]}" env --default-signal=INT ROWSUM_TEST="$directory" PATH="$directory/slow:$PATH" \
    setsid scripts/demo.sh >"$directory/shown" &
  until grep -qsF "$line" "$directory/shown"; do
    kill -0 $! || fail "the demo ends before '$line'"
    sleep 0.1
  done
  sleep 0.2
  kill -INT -- -$!
  for _ in {1..300}; do
    kill -0 $! 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL -- -$! 2>/dev/null || true
  status=0
  wait $! || status=$?
  is_over=
  ! grep -qF 'README.md says more' "$directory/shown" || is_over=1
  [[ $status == 130 || ($is_over && $status == 0) ]] ||
    fail "interrupted at '$line', the demo ends with $status"
  assert_nothing_is_left "Ctrl-C at '$line'"
done
