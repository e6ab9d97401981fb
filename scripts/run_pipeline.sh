#!/bin/bash
# Sums the rows of CSV files with several workers: finds the programs, shares out the options, and
# becomes one of the programs; see run_pipeline(1).
#
#   p1_read -----> its workers -----> p3_write -----> standard output, or -o
#
# This script becomes p3_write, so that its exit status is the one of p3_write, and a signal to it is a
# signal to p3_write. p3_write starts p1_read, which ends when p3_write does, whatever that died of.
# p1_read starts and ends its workers.
set -u
program=${0##*/}
# bash ignores this signal where there is no trap, and cannot die of it by itself.
trap 'ulimit -c 0; exec sh -c "kill -QUIT \$\$"' QUIT

die() {  # STATUS MESSAGE
  printf '%s: %s\n' "$program" "${2//[[:cntrl:]]/?}" >&"$errors"
  exit "$1"
}
# The number of a closed descriptor would be given to the next file; opened the wrong way it fails like
# a closed one.
: >&2 || exec 2</dev/null
{ : <&0; } 2>/dev/null || exec 0>/dev/null
{ : >&1; } 2>/dev/null || exec 1</dev/null
# bash has words of its own for what is said here.
exec {errors}>&2 2>/dev/null || { errors=2; die 71 "cannot open /dev/null"; }
usage_error() { die 64 "$1; try '$program --help'"; }
find_real_path() {  # PATH
  # bash exits with 254 when it cannot start a process.
  trap '(($? != 254)) || die 71 "cannot start a process"' EXIT
  real_path=$(readlink -f -- "$1")
  trap - EXIT
}

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

# --- The command line: which program gets which option ----------------------------------------------

workers=auto
output=
rejects=
resume=
read_options=()
write_options=()
inputs=()
while (($#)); do
  option=$1
  attached=
  shift
  # --option=value is --option value, and -nVALUE is -n VALUE.
  case $option in
    --*=*) attached=1; set -- "${option#*=}" "$@"; option=${option%%=*} ;;
    -[nod]?*) attached=1; set -- "${option:2}" "$@"; option=${option:0:2} ;;
  esac
  case $option in
    -n | --workers | --worker | -o | --output | -d | --delimiter | --batch-size | --max-row | \
      --deal | --retries | --worker-timeout | --on-error | --rejects)
      [[ ${1-} ]] || usage_error "option '$option' needs a value"
      value=$1
      attached=
      shift ;;
  esac
  [[ -z $attached ]] || usage_error "option '$option' is unknown or takes no value"
  case $option in
    -n | --workers) workers=$value ;;
    -d | --delimiter) read_options+=(--delimiter="$value") ;;
    --worker | --batch-size | --max-row | --deal | --retries | --worker-timeout)
      read_options+=("$option=$value") ;;
    --header | --checksum) read_options+=("$option") ;;
    -o | --output) output=$value; write_options+=(--output="$value") ;;
    --resume) resume=1; read_options+=(--resume); write_options+=(--resume) ;;
    --on-error) write_options+=("$option=$value") ;;
    --rejects) rejects=$value; write_options+=("$option=$value") ;;
    --crlf | --no-index) write_options+=("$option") ;;
    --help) help 2>/dev/null || die 74 "standard output: cannot write"; exit ;;
    --version) echo "$program (row sums) 1.0" 2>/dev/null || die 74 "standard output: cannot write"
      exit ;;
    --) inputs+=("$@"); break ;;
    -?*) usage_error "unrecognised option '$option'" ;;
    *) inputs+=("$option") ;;
  esac
done
((${#inputs[@]})) || inputs=(-)

for input in "${inputs[@]}"; do
  [[ $input != - ]] || input=/dev/stdin
  [[ ! -f $input || ! $input -ef $rejects ]] || usage_error "--rejects: '$rejects' is an input"
  [[ ! -f $input || ! $input -ef $output ]] || usage_error "--output: '$output' is an input"
done
if [[ $resume ]]; then
  [[ $output ]] || usage_error "--resume needs --output"
  [[ ${#inputs[@]} == 1 && ${inputs[0]} != - && ( -f ${inputs[0]} || ! -e ${inputs[0]} ) ]] ||
    usage_error "--resume needs one plain file as input"
  find_real_path "$output"
  for own in partial journal journal.new; do
    [[ ! ${inputs[0]} -ef $real_path.$own ]] ||
      usage_error "the input is a file of --resume itself"
  done
fi

# The programs lie beside this script, or in the build of its source tree, or in PATH.
find_programs() {  # SCRIPT
  local here=${1%/*}
  [[ $here != "$1" ]] || here=.
  for bin in "$here/" "$here/../build/bin/"; do [[ ! -f ${bin}p1_read ]] || return 0; done
  bin=
  return 1
}
self=${BASH_SOURCE[0]}
find_programs "$self" || { [[ -L $self ]] && find_real_path "$self" && find_programs "$real_path"; } ||
  type -P p1_read >/dev/null || die 71 "p1_read is neither beside this script nor in PATH"

# --- The programs -----------------------------------------------------------------------------------

exec "${bin}p3_write" --reader "${write_options[@]}" -- \
  "${bin}p1_read" --workers="$workers" "${read_options[@]}" -- "${inputs[@]}" 2>&"$errors" {errors}>&-
