#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The benchmark: measures the suite, and for comparison other tools that do the same work. See
# --help, and README.md beside this.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..

# The other tools: Debian has most of them. DuckDB and Polars are packages of node.
install_peers() {
  # shellcheck disable=SC1091 # it is checked by itself
  source "$root/scripts/install_packages.sh"
  install_packages bench
  local cache=${XDG_CACHE_HOME:-$HOME/.cache}/rowsum-bench
  mkdir -p "$cache"
  cp "$here/peers/package.json" "$cache"
  # The native part of Polars asks for a newer node than it needs. npm leaves it out unless it is
  # named.
  local native
  native=nodejs-polars-linux-$(node -p process.arch)-gnu
  native+=@$(node -p 'require(process.argv[1]).dependencies["nodejs-polars"]' "$cache/package.json")
  (cd "$cache" && npm install --no-audit --no-fund --loglevel=error &&
    npm install --no-save --no-audit --no-fund --loglevel=error "$native")
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
