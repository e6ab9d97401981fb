#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# dealing.sh [PICTURE]: shows how round-robin and pull deal rows of uneven work: makes a run with each, and
# draws them (default: dealing.svg beside this script). The command sleeps as long as its row says, so the
# picture is about the same on every machine. It takes the programs from build/bin.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
picture=$(realpath -- "${1:-$here/dealing.svg}")
launcher=$here/../../build/bin/run_pipeline.sh
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"

# One row in eight, by chance but always the same ones, takes 0.4 s, the others take 0.05 s.
awk 'BEGIN { srand(7); for (i = 0; i < 80; ++i) print rand() < 1 / 8 ? 0.4 : 0.05 }' >in.csv
for policy in round-robin pull; do
  # shellcheck disable=SC2016 # the command's shell reads the rows
  "$launcher" -n 4 --batch-size 1 --deal "$policy" --trace "$policy" \
    --command 'while read -r seconds; do sleep "$seconds"; echo "$seconds"; done' in.csv >/dev/null
done
"$here/../../scripts/plot_trace.sh" --title '--deal=round-robin' --title '--deal=pull' round-robin pull "$picture"
