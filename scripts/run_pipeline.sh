#!/bin/sh
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
for each row, in order. No FILE, or -, is standard input.

  -n, --workers N      so many workers at most (default: one for each processor, up to 64)
      --worker COMMAND the program that is started as a worker (default: p2_sum)
  -o, --output FILE    write to FILE, which is only ever replaced by a complete one
      --resume         with -o, for one plain file: go on where a run was killed
  -d, --delimiter C    the byte between fields (default: a comma)
      --header         skip the first row of each file
      --retries K            deaths in a row at one place that are taken for chance (default: 3)
      --worker-timeout T     replace a worker that returns nothing for T seconds
      --batch-size SIZE, --max-row SIZE, --deal POLICY, --checksum    see p1_read(1)
      --crlf, --no-index, --on-error POLICY, --rejects FILE   see p3_write(1)
      --help, --version

Exit status: 0 all of it; 1 done, some rows rejected (--on-error=skip); 64 usage;
65 bad data; 66 no such input; 69 a process vanished; 71 the system; 73 cannot
create the output; 74 input or output; 141 nobody reads the output any more.
EOF
}

# --- The command line -------------------------------------------------------------------------------

workers=auto worker="" retries="" worker_timeout="" delimiter="" batch_size="" max_row="" deal="" header=""
checksum="" output="" rejects="" on_error="" crlf="" no_index="" resume=""

# Operands, and arguments after a --, are moved behind the arguments that have not been looked at
# yet.
left=$#
while [ "$left" -gt 0 ]; do
  option=$1
  attached=
  shift
  left=$((left - 1))
  # --option=value is --option value, and -nVALUE is -n VALUE.
  case $option in
    --*=*) attached=1 value=${option#*=} option=${option%%=*} ;;
    -[nod]?*) attached=1 value=${option#-?} option=${option%"$value"} ;;
  esac
  case $option in
    -n | --workers | --worker | -o | --output | -d | --delimiter | --batch-size | --max-row | \
      --deal | --retries | --worker-timeout | --on-error | --rejects)
      if [ ! "$attached" ] && [ "$left" -gt 0 ]; then
        value=$1
        shift
        left=$((left - 1))
      fi
      [ "${value-}" ] || usage_error "option '$option' needs a value" ;;
    *) [ ! "$attached" ] || usage_error "option '$option' is unknown or takes no value" ;;
  esac
  case $option in
    -n | --workers) workers=$value ;;
    --worker) worker=$value ;;
    --retries) retries=$value ;;
    --worker-timeout) worker_timeout=$value ;;
    -d | --delimiter) delimiter=$value ;;
    --batch-size) batch_size=$value ;;
    --max-row) max_row=$value ;;
    --deal) deal=$value ;;
    --header) header=1 ;;
    --checksum) checksum=1 ;;
    -o | --output) output=$value ;;
    --rejects) rejects=$value ;;
    --on-error) on_error=$value ;;
    --crlf) crlf=1 ;;
    --no-index) no_index=1 ;;
    --resume) resume=1 ;;
    --help) help 2>/dev/null || die 74 "standard output: cannot write"; exit ;;
    --version) echo "$program (row sums) 1.0" 2>/dev/null || die 74 "standard output: cannot write"
      exit ;;
    --)
      while [ "$left" -gt 0 ]; do
        set -- "$@" "$1"
        shift
        left=$((left - 1))
      done ;;
    -?*) usage_error "unrecognised option '$option'" ;;
    *) set -- "$@" "$option" ;;
  esac
  unset value
done
[ $# -gt 0 ] || set -- -

# --- Files that would be in each other's way --------------------------------------------------------

find_real_path() {  # PATH
  has_started=
  # If the shell cannot start a process, it reports that and ends.
  trap '[ "$has_started" ] || exit 71' EXIT
  real_path=$(readlink -f -- "$1")
  has_started=1
  trap - EXIT
}

for input; do
  [ "$input" != - ] || input=/dev/stdin
  [ -f "$input" ] || continue
  [ ! "$input" -ef "$rejects" ] || usage_error "--rejects: '$rejects' is an input"
  [ ! "$input" -ef "$output" ] || usage_error "--output: '$output' is an input"
done
if [ "$resume" ]; then
  [ "$output" ] || usage_error "--resume needs --output"
  if [ $# -gt 1 ] || [ "$1" = - ] || { [ -e "$1" ] && [ ! -f "$1" ]; }; then
    usage_error "--resume needs one plain file as input"
  fi
  find_real_path "$output"
  for own in partial journal journal.new; do
    [ ! "$1" -ef "$real_path.$own" ] || usage_error "the input is a file of --resume itself"
  done
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

exec "${bin}p3_write" --reader ${output:+"--output=$output"} ${resume:+--resume} \
  ${rejects:+"--rejects=$rejects"} ${on_error:+"--on-error=$on_error"} ${crlf:+--crlf} \
  ${no_index:+--no-index} -- \
  "${bin}p1_read" "--workers=$workers" ${worker:+"--worker=$worker"} ${retries:+"--retries=$retries"} \
  ${worker_timeout:+"--worker-timeout=$worker_timeout"} ${deal:+"--deal=$deal"} \
  ${delimiter:+"--delimiter=$delimiter"} ${header:+--header} ${batch_size:+"--batch-size=$batch_size"} \
  ${max_row:+"--max-row=$max_row"} ${checksum:+--checksum} ${resume:+--resume} -- "$@"
