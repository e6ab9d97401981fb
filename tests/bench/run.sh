#!/usr/bin/env bash
# The benchmark: the suite, its yardsticks, and other tools that do the same job. See --help, and
# README.md beside this.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..

# What other tools there are: Debian has most; DuckDB and Polars come as packages of node.
install_peers() {
  # shellcheck disable=SC1091 # it is checked by itself
  source "$root/scripts/install_packages.sh"
  install_packages bench
  local cache=${XDG_CACHE_HOME:-$HOME/.cache}/rowsum-bench
  mkdir -p "$cache"
  cp "$here/peers/package.json" "$cache"
  # --force: the native part of Polars asks for a newer node than it needs, and would be left out.
  (cd "$cache" && npm install --force --no-audit --no-fund --loglevel=error)
}

needs_programs=1
for argument; do
  case $argument in
    --install) install_peers ;;
    --report | --help | -h) needs_programs= ;;
  esac
done

bin=${ROWSUM_BIN_DIR:-$root/build/bin}
if [[ $needs_programs && ! -x $bin/monolith ]]; then
  echo "run.sh: no programs in $bin; build them first (scripts/check.sh --quick)" >&2
  exit 66
fi
PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/benchmark.py" "$@"
