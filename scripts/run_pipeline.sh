#!/bin/sh
# SPDX-License-Identifier: MIT
# Sums the rows of CSV files with several workers: finds the programs, gives each of them its
# options, and becomes one of them; see run_pipeline(1).
#
#   p1_read -----> its workers -----> p3_write -----> standard output, or -o
#
# This script becomes p3_write, so its exit status is that of p3_write, and a signal to it is a
# signal to p3_write. p3_write starts p1_read, which ends when p3_write does, even if that was
# killed. p1_read starts and ends its workers.
#
# It is written for a plain sh, such as dash, which starts in half the time that bash takes.
# shellcheck shell=dash
set -fu
program=${0##*/}

die() {  # STATUS MESSAGE
  message=$2
  case $message in *[[:cntrl:]]*) message=$(printf %s "$message" | tr '[:cntrl:]' '[?*]') ;; esac
  printf '%s: %s\n' "$program" "$message" >&2
  exit "$1"
}
usage_error() { die 64 "$1; try '$program --help'"; }

help() {
  cat <<EOF
Usage: $program [OPTION]... [FILE]...
Sums the rows of CSV files of integers with several processes: prints "index,sum"
for each row, in order. No FILE, or -, is standard input. Files of gzip, zstd, xz
and bzip2 are decompressed.

Input:
  -d, --delimiter C       the byte between fields (default: a comma); tab: a tab
      --header            skip the first row of each file
      --header=repeat     the same, and give it to --command with each batch
  -f, --fields LIST       only these fields, as for cut(1): 1,3-5,7-; or names in the header
      --complement        all fields but those
      --empty MODE        an empty field: reject it (default), or take it for zero
      --max-row SIZE      a longer row is an error (default: 16M)

Output:
  -o, --output FILE       write to FILE, which is only ever replaced by a complete one
      --resume            with -o, for one plain file: go on where a run was killed
  -k, --keep-order        write lines in the order of the rows, as is the default
      --unordered         write lines as they come
      --format FORMAT     csv (default), tsv, jsonl: {"index":0,"sum":6}, or stream: for p3_write
      --output-delimiter C  the byte between index and sum (default: a comma); tab: a tab
      --output-header     begin with the line "index,sum"
      --no-index          print only the sums
      --crlf              end lines with CR LF
      --on-error POLICY   a row that is not integers: fail (default), or skip it and go on
      --rejects FILE      with --on-error=skip: keep the rejected rows in FILE
      --reports N         the same: report N of them (default: 10), and how many more there are
      --progress MODE     show how far the run is: auto (default: a bar, on a terminal),
                          always (elsewhere a line every ten seconds), or never

Other people's programs in place of the sums:
      --command COMMAND   start it for each batch: rows on its input, a line back for each
      --coprocess COMMAND  the same, but it goes on; "ROWS BYTES" comes before each batch
      --lines MODE        rows: a line for each row (default); any: lines as they are
      --one-line          give it each row in one line
      --worker COMMAND    a program that speaks the stream format (default: p2_sum)

Workers:
  -n, --workers N         so many at most (default: one for each processor, up to 64)
  -j, --jobs N            the same as -n, as in GNU parallel
      --hosts LIST        on several machines, with ssh: 'a,b:8,localhost:4' is host a, 8 workers
                          on b, and 4 here
      --ssh COMMAND       what reaches them, in place of ssh with its options
      --retries K         deaths in a row at one place that are taken for chance (default: 3,
                          or 1 with a command)
      --worker-timeout T  replace a worker that returns nothing for T seconds
      --batch-size SIZE   bytes of rows in a batch (default: 512K, or 1M of a large file; what
                          --command answers in 0.5 s, and --coprocess in 0.05 s)
      --deal POLICY       who gets the next batch: round-robin (default), random or pull
                          (default with a command, and with --hosts)
      --checksum          prove every batch and every result by a checksum

One of several parts of a file, see p1_read(1):
      --part I/N          only the I-th N-th of the one plain file, counted from 1
      --plan FILE         with --part: the plan that p1_read --fold has made

Watching a run:
      --stats             print a table at the end: what was done, by place, and what it took
      --trace FILE        write into FILE what each place did when, for ui.perfetto.dev
      --joblog FILE       write into FILE a line for each batch, as GNU parallel for each job

Other:
      --dry-run           print the command that would run, quoted for a shell, and exit
  -h, --help              print this help and exit
      --version           print the version and exit

Exit status: 0 all of it; 1 done, some rows rejected (--on-error=skip); 64 usage;
65 bad data; 66 no such input; 69 a process vanished; 70 a bug; 71 the system;
73 cannot create the output; 74 input or output; 141 nobody reads the output any
more.
EOF
}

# Prints the option of the help that is nearest to a misspelt one, as edit_distance() in
# common/base/spelling.h measures it, and as near as nearest() there demands; otherwise nothing.
find_nearest() {  # OPTION
  help | awk '
    function least(a, b) { return a < b ? a : b }
    function distance(one, other,    i, j, d) {
      for (i = 0; i <= length(one); ++i) d[i, 0] = i
      for (j = 0; j <= length(other); ++j) d[0, j] = j
      for (i = 1; i <= length(one); ++i)
        for (j = 1; j <= length(other); ++j)
          d[i, j] = least(d[i - 1, j - 1] + (substr(one, i, 1) != substr(other, j, 1)),
                          least(d[i - 1, j], d[i, j - 1]) + 1)
      return d[length(one), length(other)]
    }
    BEGIN { given = ARGV[1]; ARGC = 1; best = int(length(given) / 3) }
    match($0, /^ +(-[a-z], )?--[a-z-]+/) {
      name = substr($0, 1, RLENGTH)
      sub(/.* /, "", name)
      n = index(name, given) == 1 ? 0 : distance(given, name)
      if (n < best || (n == best && !nearest)) { best = n; nearest = name }
    }
    END { print nearest }' "$1"
}

# Has a COMMAND print what was asked for in place of a run, and ends.
answer() {  # COMMAND...
  "$@" 2>/dev/null || die 74 "standard output: cannot write"
  exit
}

# --- The command line -------------------------------------------------------------------------------

# Sets `quoted` to TEXT as one word for the shell. It starts no process.
quote() {  # TEXT
  case $1 in
    '' | *[!A-Za-z0-9_./,:@%+-]*)
      quoted="'" rest=$1
      while [ "$rest" != "${rest#*\'}" ]; do
        quoted="$quoted${rest%%\'*}'\\''" rest=${rest#*\'}
      done
      quoted="$quoted$rest'" ;;
    *) quoted=$1 ;;
  esac
}

add_file() {  # FILE
  quote "$1"
  files="$files $quoted"
}

# The options of p3_write, those of p1_read, and the files. All are quoted, and begin with a blank.
# If an option is there more than once, the programs take the last one.
writer="" reader=" --workers=auto" files=""
output="" rejects="" trace="" joblog="" resume="" unordered="" dry_run="" show_version=""

while [ $# -gt 0 ]; do
  option=$1 value="" has_value=""
  shift
  # --option=value is --option value, and -nVALUE is -n VALUE.
  case $option in
    --?*=*) has_value=1 value=${option#*=} option=${option%%=*} ;;
    -[!-]?*) has_value=1 value=${option#-?} option=${option%"$value"} ;;
  esac

  # For each option: which program it is for, its name there, and whether it takes a value. An
  # attached_value may be left out, and is never the next argument.
  to="" name=$option takes=nothing
  case $option in
    -d | --delimiter) to=reader name=--delimiter takes=value ;;
    --header) to=reader takes=attached_value ;;
    -f | --fields) to=reader name=--fields takes=value ;;
    --complement) to=reader ;;
    --empty) to=reader takes=value ;;
    --max-row) to=reader takes=value ;;
    -o | --output) to=writer name=--output takes=value ;;
    --format) to=writer takes=value ;;
    --output-delimiter) to=writer takes=value ;;
    --output-header) to=writer ;;
    --no-index) to=writer ;;
    --crlf) to=writer ;;
    --on-error) to=writer takes=value ;;
    --rejects) to=writer takes=value ;;
    --reports) to=writer takes=value ;;
    --progress) to=writer takes=value ;;
    -n | --workers | -j | --jobs) to=reader name=--workers takes=value ;;
    --worker) to=reader takes=value ;;
    --hosts) to=reader takes=value ;;
    --ssh) to=reader takes=value ;;
    --command) to=reader takes=value ;;
    --coprocess) to=reader takes=value ;;
    --lines) to=reader takes=value ;;
    --one-line) to=reader ;;
    --retries) to=reader takes=value ;;
    --worker-timeout) to=reader takes=value ;;
    --batch-size) to=reader takes=value ;;
    --deal) to=reader takes=value ;;
    --checksum) to=reader ;;
    --part) to=reader takes=value ;;
    --plan) to=reader takes=value ;;
    --stats) to=reader ;;
    --trace) to=both takes=value ;;
    --joblog) to=reader takes=value ;;
    --resume | -k | --keep-order | --unordered | --dry-run | -h | --help | --version) ;;
    --)
      for file; do add_file "$file"; done
      break ;;
    -?*)
      nearest=""
      # Without awk there is no advice.
      case $option in --?*) nearest=$(find_nearest "$option" 2>/dev/null) ;; esac
      [ ! "$nearest" ] || die 64 "unrecognised option '$option'; did you mean $nearest?"
      usage_error "unrecognised option '$option'" ;;
    *)
      add_file "$option"
      continue ;;
  esac
  case $takes in
    value)
      if [ ! "$has_value" ] && [ $# -gt 0 ]; then
        has_value=1 value=$1
        shift
      fi
      [ "$value" ] || usage_error "option '$option' needs a value" ;;
    nothing) [ ! "$has_value" ] || usage_error "option '$option' takes no value" ;;
  esac

  # What this script itself does with it.
  case $name in
    --output) output=$value ;;
    --rejects) rejects=$value ;;
    --trace) trace=$value ;;
    --joblog) joblog=$value ;;
    --resume) resume=1 ;;
    -k | --keep-order) unordered= ;;
    --unordered) unordered=" --unordered" ;;
    --dry-run) dry_run=1 ;;
    -h | --help) answer help ;;
    --version) show_version=1 ;;
  esac
  if [ "$has_value" ]; then
    quote "$value"
    name=$name=$quoted
  fi
  case $to in
    both) reader="$reader $name" writer="$writer $name" ;;
    reader) reader="$reader $name" ;;
    writer) writer="$writer $name" ;;
  esac
done
files=${files:-" -"}
eval "set --$files"

# --- Files that would be in each other's way --------------------------------------------------------

find_real_path() {  # PATH
  has_started=
  # If the shell cannot start a process, it reports that and ends.
  trap '[ "$has_started" ] || exit 71' EXIT
  real_path=$(readlink -f -- "$1")
  has_started=1
  trap - EXIT
}

# Of two files that are to be written, FILE is that of OPTION. What is no plain file may be both.
check_differ() {  # OPTION FILE OTHER_OPTION OTHER_FILE
  if [ ! "$2" ] || [ ! "$4" ] || { [ -e "$2" ] && [ ! -f "$2" ]; }; then return; fi
  find_real_path "$2"
  real_file=$real_path
  find_real_path "$4"
  [ "$real_file" != "$real_path" ] || usage_error "$1 and $3 are the same file"
}

if [ "$output$rejects$trace$joblog" ]; then
  for input; do
    [ "$input" != - ] || input=/dev/stdin
    [ -f "$input" ] || continue
    [ ! "$input" -ef "$rejects" ] || usage_error "--rejects: '$rejects' is an input"
    [ ! "$input" -ef "$output" ] || usage_error "--output: '$output' is an input"
    [ ! "$input" -ef "$trace" ] || usage_error "--trace: '$trace' is an input"
    [ ! "$input" -ef "$joblog" ] || usage_error "--joblog: '$joblog' is an input"
  done
fi
check_differ --trace "$trace" --output "$output"
check_differ --trace "$trace" --rejects "$rejects"
check_differ --joblog "$joblog" --output "$output"
check_differ --joblog "$joblog" --rejects "$rejects"
check_differ --joblog "$joblog" --trace "$trace"
if [ "$resume" ]; then
  [ "$output" ] || usage_error "--resume needs --output"
  if [ $# -gt 1 ] || [ "$1" = - ] || { [ -e "$1" ] && [ ! -f "$1" ]; }; then
    usage_error "--resume needs one plain file as input"
  fi
  find_real_path "$output"
  for own in partial journal journal.new; do
    for file in "$1" "$trace" "$joblog"; do
      [ ! "$file" -ef "$real_path.$own" ] || usage_error "'$file' is a file of --resume itself"
    done
  done
  writer="$writer --resume" reader="$reader --resume"
fi

# --- The programs -----------------------------------------------------------------------------------

# The programs are beside this script, in the build directory of its source tree, or in PATH.
find_programs() {  # SCRIPT
  here=${1%/*}
  [ "$here" != "$1" ] || here=.
  for bin in "$here/" "$here/../build/bin/"; do [ ! -f "${bin}p3_write" ] || return 0; done
  bin=
  return 1
}
find_programs "$0" || { [ -L "$0" ] && find_real_path "$0" && find_programs "$real_path"; } ||
  command -v p3_write >/dev/null || die 71 "p3_write is neither beside this script nor in PATH"

if [ "$show_version" ]; then  # that of the programs
  version=$("${bin}p3_write" --version) || exit
  answer echo "$program ${version#* }"
fi

quote "${bin}p3_write"
command="$quoted --reader$writer$unordered --"
quote "${bin}p1_read"
command="$command $quoted$reader --$files"
[ ! "$dry_run" ] || answer printf '%s\n' "$command"
eval "exec $command"
