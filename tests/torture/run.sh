#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs the suite under faults and counts the outcomes; see torture.py, or run.sh --help.
set -eu
here=$(dirname "${BASH_SOURCE[0]}")
PYTHONPATH=$here/../support exec python3 "$here/torture.py" "$@"
