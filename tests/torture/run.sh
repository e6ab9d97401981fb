#!/usr/bin/env bash
# Puts the suite through faults and counts what comes of it; see torture.py, or run.sh --help.
set -eu
exec python3 "$(dirname "${BASH_SOURCE[0]}")/torture.py" "$@"
