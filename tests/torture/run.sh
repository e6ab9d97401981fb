#!/usr/bin/env bash
# Puts the suite through faults and counts what comes of it; see torture.py, or run.sh --help.
set -eu
here=$(dirname "${BASH_SOURCE[0]}")
PYTHONPATH=$here/../support exec python3 "$here/torture.py" "$@"
