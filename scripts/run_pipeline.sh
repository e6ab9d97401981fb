#!/bin/bash
# Sums the rows of CSV files with N workers: makes the FIFOs, starts p1_read, N times p2_sum and one
# p3_write, waits for them, and leaves nothing behind however it ends. See run_pipeline(1).
#
#   p1_read --> in.PLACE.LIFE --> p2_sum --> out.PLACE.LIFE --> p3_write --> standard output, or -o
#      ^                                                            |
#      +--------------------------- control ------------------------+
#
# The workers read the text of their batches from one shared file descriptor: the input itself when
# it is a plain file, otherwise a ring that p1_read fills.
set -u
program=${0##*/}

errors=2
say() { printf '%s: %s\n' "$program" "${1//[[:cntrl:]]/?}" >&"$errors"; }
signal=  # the number of that which ends this script
die() {  # STATUS MESSAGE
  [[ ! $signal ]] || die_of_signal  # which others may have died of
  say "$2"
  exit "$1"
}
# In a shell, for bash itself cannot die of SIGQUIT; process 1 dies of none. And there may be no
# process to be had for more than that.
die_of_signal() {
  # shellcheck disable=SC2016
  exec sh -c 'ulimit -c 0; kill "-$0" $$; exit $((128 + $0))' "$signal"
}

((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)) || die 71 "bash 5.1 is needed"  # for wait -p

# Signals count from here on. The end (below) comes when what has been started is gone. No trap may
# die by itself: bash runs some with signals blocked, and hands that on to what it executes.
declare -A running=()  # what runs, by its pid
is_stopping=
stop() {
  local pid
  is_stopping=1
  # p1_read and p3_write with a signal that nobody else sends, so that their other deaths are told
  # from this one; workers have nothing to put away.
  for pid in "${!running[@]}"; do
    if [[ ${running[$pid]} == p2_sum* ]]; then kill -KILL "$pid"; else kill -USR1 "$pid"; fi
    kill -CONT "$pid"  # a stopped process, too
  done
}
for number in 1 2 3 15; do  # HUP, INT, QUIT and TERM, as POSIX has them
  # shellcheck disable=SC2064 # the number as it is now
  trap "signal=$number; stop" "$number"
done

# bash ends with 254 where it gets no process for a quarter of a minute; but first it waits for those
# it has, so they are ended here.
# shellcheck disable=SC2317 # the trap comes to it
give_up() {
  (($? == 254)) || return
  [[ -z ${running[*]} ]] || kill -TERM "${!running[@]}"
  [[ -z ${running[*]} ]] || kill -CONT "${!running[@]}"
  die 71 "cannot start a process"
}
trap give_up EXIT

usage_error() { die 64 "$1; try '$program --help'"; }

# All that a run with 64 workers opens; with less the shell would fail anywhere.
{ : 160</dev/null; } 2>/dev/null || die 71 "too few file descriptors (ulimit -n)"
# Closed descriptors would be given to the next file; opened the wrong way they fail like closed ones.
{ : <&0; } 2>/dev/null || exec 0>/dev/null
{ : >&1; } 2>/dev/null || exec 1</dev/null
: >&2 || exec 2</dev/null  # and what bash says to that goes nowhere

help() {
  cat <<EOF
Usage: $program [OPTION]... [FILE]...
Sums the rows of CSV files of integers with several processes: prints "index,sum"
for each row, in order. No FILE, or -, is standard input.

  -n, --workers N      so many p2_sum (default: the number of processors, 1 to 64)
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

# --- The command line: who gets which option --------------------------------------------------------

workers=
worker_timeout=
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
    -n | --workers | -o | --output | -d | --delimiter | --batch-size | --max-row | --deal | \
      --retries | --worker-timeout | --on-error | --rejects)
      [[ ${1-} ]] || usage_error "option '$option' needs a value"
      value=$1
      attached=
      shift ;;
  esac
  [[ -z $attached ]] || usage_error "option '$option' is unknown or takes no value"
  case $option in
    -n | --workers) workers=$value ;;
    -d | --delimiter) read_options+=(--delimiter="$value") ;;
    --worker-timeout) worker_timeout=$value; read_options+=("$option=$value") ;;
    --batch-size | --max-row | --deal | --retries) read_options+=("$option=$value") ;;
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
if [[ -z $workers ]]; then
  workers=$(nproc)
  ((workers <= 64)) || workers=64
fi
[[ $workers =~ ^0*([1-9]|[1-5][0-9]|6[0-4])$ ]] ||
  usage_error "--workers: '$workers' is not a number from 1 to 64"
workers=${BASH_REMATCH[1]}

for input in "${inputs[@]}"; do
  [[ ! $input -ef $rejects ]] || usage_error "--rejects: '$rejects' is an input"
done
if [[ $resume ]]; then
  [[ $output ]] || usage_error "--resume needs --output"
  [[ ${#inputs[@]} == 1 && ${inputs[0]} != - && ( -f ${inputs[0]} || ! -e ${inputs[0]} ) ]] ||
    usage_error "--resume needs one plain file as input"
  for own in partial journal journal.new; do
    [[ ! ${inputs[0]} -ef $(readlink -f -- "$output").$own ]] ||
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
find_programs "$self" || { [[ -L $self ]] && find_programs "$(readlink -f -- "$self")"; } ||
  type -P p1_read >/dev/null || die 71 "p1_read is neither beside this script nor in PATH"

# --- The private directory with the FIFOs, and its guard ---------------------------------------------

# bash and others have words of their own for what is said here, such as how a child died.
exec {errors}>&2 2>/dev/null || { errors=2; die 71 "cannot open /dev/null"; }
# Where Debian's package bash-builtins is installed these take no process: a fifth of the start.
for builtin in mkdir mkfifo; do enable -f "/usr/lib/bash/$builtin" "$builtin"; done

roots=("${TMPDIR:-/dev/shm}" /tmp)
own_name=run_pipeline.$$.$RANDOM$RANDOM

# The guard outlives this script, whatever kills it, and clears up after it. It makes the private
# directory with the FIFOs and says where it is. Then it waits for the end of its standard input, the
# lifeline, which every process below holds until it has reported its pid there. Unless a last line
# says that all is over, it kills what was reported and is not gone.
guard() {
  trap '' HUP INT QUIT TERM
  local directory='' root place pid has_gone is_over='' fifos=(control)
  local -A pids=()
  for ((place = 0; place < workers; ++place)); do fifos+=("in.$place.0" "out.$place.0"); done
  for root in "${roots[@]}"; do
    mkdir -m 700 "$root/$own_name" || continue
    directory=$root/$own_name
    mkfifo "${fifos[@]/#/"$directory/"}" && break
    rm -rf "$directory"
    directory=
  done
  echo "$directory"
  while read -r pid has_gone; do
    case $pid$has_gone in
      over) is_over=1 ;;
      *gone) unset "pids[$pid]" ;;  # its number may soon be another's
      *) pids[$pid]= ;;
    esac
  done
  if [[ ! $is_over ]]; then
    kill -TERM "${!pids[@]}"  # p3_write may have a temporary file
    kill -CONT "${!pids[@]}"
    sleep 0.1
    kill -KILL "${!pids[@]}"
  fi
  until [[ ! -e $directory ]] || rm -rf "$directory"; do sleep 0.1; done
}

# It is no child of this shell, for `wait` sleeps as long as any child lives, also when those it is
# asked for have ended in the moment before. And it is in a process group of its own (set -m), for
# what is sent to that of this shell may be SIGKILL.
{ exec {from_guard}<> <(:) &&
  exec {lifeline}> >(set -m; guard <&0 >&"$from_guard" {from_guard}<&- &) &&
  exec {guard_says}</dev/fd/"$from_guard" {from_guard}>&-; } ||  # which ends if the guard does
  die 71 "cannot open a pipe"
read -r -u "$guard_says" directory
# That is all the guard says: from here on nobody writes to this pipe, and it has no end; see tick.
exec {ticks}<>/dev/fd/"$guard_says" {guard_says}<&- || die 71 "cannot open a pipe"
trap '' PIPE  # it may die before this script does
if [[ ! $directory ]]; then
  # Or it has been killed half-way.
  for root in "${roots[@]}"; do [[ ! -O $root/$own_name ]] || rm -rf "${root:?}/$own_name"; done
  die 73 "cannot make FIFOs in ${roots[0]} or /tmp"
fi

# --- What the workers read ---------------------------------------------------------------------------

source=${inputs[0]:--}
[[ $source != - ]] || source=/dev/stdin
if ((${#inputs[@]} > 1)) || [[ ! -f $source || ! -s $source || ! -r $source ]]; then
  exec {shared}<>"$directory/ring"
elif [[ $source == /dev/stdin ]]; then
  exec {shared}<&0
else
  exec {shared}<"$source"
fi || die 71 "cannot open the input for the workers"

# --- The processes -----------------------------------------------------------------------------------

# A worker is one life at a place, with FIFOs of its own. Opening one waits for the program at its
# other end, so each worker gets its two by itself. --parent makes a program die with this script.
lives=()               # the number of the current life, by place
start_worker() {  # PLACE
  worker "$1" "${lives[$1]}" &
  running[$!]="p2_sum at place $1"
}
worker() {  # PLACE LIFE
  trap '' INT QUIT
  echo "$BASHPID" >&"$lifeline"
  [[ ! $worker_timeout ]] || echo "$BASHPID" >"$directory/pid.$1.$2"
  # All this before the opens, for they may wait for ever, and then nobody could see an end of it.
  exec >/dev/null {lifeline}>&- {ticks}<&-
  let_go "${holds[@]}"
  exec <"$directory/in.$1.$2" >"$directory/out.$1.$2" || {
    [[ ! -p $directory/in.$1.$2 || ! -p $directory/out.$1.$2 ]] ||
      die 71 "cannot open the FIFOs of a worker"
    exit 69  # they have gone: all is over
  }
  exec "${bin}p2_sum" --parent $$ 2>&"$errors" {errors}>&-
}

# The script holds the writing end of what a worker writes, from before p3_write can open it: so that
# p3_write does not see the end of a life before its death is certain here and the FIFOs of the next
# one are there, and then sees it even if it comes late. No reading end: with one, a worker could end
# before p3_write has come, and what it wrote would go with it.
holds=()
hold() {  # PLACE
  local fifo=$directory/out.$1.${lives[$1]} both end=
  [[ -p $fifo ]] || return 1
  exec {both}<>"$fifo" || return 1  # which does not wait for a reader
  exec {end}>"$fifo" && holds[$1]=$end
  let_go "$both"
  [[ $end ]]
}
let_go() {  # FD...
  local fd
  for fd; do exec {fd}>&-; done
}
without_holds() {  # COMMAND...
  trap '' INT QUIT
  let_go "${holds[@]}"
  exec "$@"
}
# Without FIFOs there is no next life; p3_write sees that as soon as the script lets go.
next_life() {  # PLACE
  local old=${holds[$1]} life=$((++lives[$1])) is_ready=
  (trap '' HUP INT QUIT TERM; mkfifo "$directory/in.$1.$life" "$directory/out.$1.$life") &&
    hold "$1" && is_ready=1
  let_go "$old"
  [[ $is_ready ]] && start_worker "$1"
}

for ((place = 0; place < workers; ++place)); do
  lives[place]=0
  start_worker "$place"
done
for ((place = 0; place < workers; ++place)); do
  hold "$place" || die 71 "cannot hold a FIFO"
done

# From here on there is something to be seen of a run: input is taken, an output begun.
[[ ! $signal ]] || die_of_signal

# What is typed at a terminal goes to them, too, but ending them is this script's business alone.
exec {control}<>"$directory/control" || die 71 "cannot open a FIFO"
# shellcheck disable=SC2094 # both ends, for others to use
exec {control_in}<"$directory/control" {control_out}>"$directory/control" {control}>&- ||
  die 71 "cannot open a FIFO"
without_holds "${bin}p1_read" --pipeline "$directory" --places "$workers" --control "$control_in" \
  --shared "$shared" --parent $$ "${read_options[@]}" -- "${inputs[@]}" \
  <&0 >/dev/null 2>&"$errors" {errors}>&- {control_out}>&- {ticks}<&- {lifeline}>&- &
running[$!]=p1_read
without_holds "${bin}p3_write" --pipeline "$directory" --places "$workers" --control "$control_out" \
  --parent $$ "${write_options[@]}" \
  2>&"$errors" {errors}>&- {control_in}<&- {shared}<&- {ticks}<&- {lifeline}>&- &
running[$!]=p3_write
exec {control_in}<&- {control_out}>&-
printf '%s\n' "${!running[@]}" >&"$lifeline"
[[ ! $is_stopping ]] || stop  # a signal came while they were started

# --- The end -----------------------------------------------------------------------------------------

declare -A status=([p1]=0 [p2]=0 [p3]=0)  # the first that is not 0, of each program
last_words=
is_done=  # p3_write has ended, and has all of the sums: nobody else matters any more

# `wait -n` can miss a death in the moment before it blocks, and would then sleep for ever, if what
# still runs waits for what is to be done here. So there is a child that ends once a second: it reads
# what nobody writes. (A signal with a trap would not do: bash 5.2 sometimes takes it for the end of
# what it waits for, or of a loop.)
ticker=
tick() {
  [[ ! $ticker ]] || echo "$ticker gone" >&"$lifeline"
  {
    echo "$BASHPID" >&"$lifeline"
    let_go "$lifeline" "$errors" "$shared" "${holds[@]}"
    exec >/dev/null
    read -r -t 1 -u "$ticks"
  } &
  ticker=$!
}

# How it died, into `fate`; nothing if it ended with a status of its own.
fate_of() {  # NAME CODE
  local place=${1##* }
  fate=
  case $1:$2 in
    *:0 | p[13]*:1 | *:6[4569] | *:7[0134] | *:12[67] | *:141) return ;;
  esac
  fate="ended with the unknown status $2"
  (($2 <= 128)) || fate="was killed by signal $(($2 - 128)) ($(kill -l "$2"))"
  # p1_read kills who hangs, and renames the file with its pid.
  if [[ $1 == p2_sum* && -e $directory/hung.$place.${lives[place]} ]]; then
    fate="returned nothing for $worker_timeout s and was killed"
  fi
}

# A process that has not ended yet: not even if this shell has not reaped it yet.
is_running() {  # NAME
  local pid state
  for pid in "${!running[@]}"; do
    [[ ${running[$pid]} == "$1" ]] || continue
    read -r _ _ state _ <"/proc/$pid/stat" && [[ $state != [ZX] ]] && return
  done
  return 1
}

has_ended() {  # PID CODE
  local name=${running[$1]} code=$2 place fate
  unset "running[$1]"
  echo "$1 gone" >&"$lifeline"
  place=${name##* }
  fate_of "$name" "$code"
  [[ $name:$code != p3_write:[01] ]] || is_done=1
  ((code != 126 && code != 127)) || code=71  # it could not be started, and the shell has said why
  if [[ $fate ]]; then
    code=69
    if [[ $is_done || $signal ]] || { [[ $is_stopping ]] && (($2 == 128 + 9 || $2 == 128 + 10)); }; then
      :  # by stop(), or when it did not matter
    elif [[ $name == p1_read ]]; then
      last_words="$name $fate"  # which matters unless p3_write has just got all of the sums
    elif [[ $name != p2_sum* || $is_stopping ]] || ! is_running p3_write; then
      say "$name $fate"
    elif next_life "$place"; then
      say "$name $fate, and is replaced"
      [[ ! $is_stopping ]] || stop  # a signal came meanwhile
      return
    elif is_running p3_write; then  # else p1_read has removed the FIFOs, for all is done
      say "$name $fate, and cannot be replaced: no FIFOs"
      code=73
    fi
    [[ $is_done || $name == p2_sum* ]] || stop
  fi
  case $name in
    p2_sum*) let_go "${holds[place]}" ;;
    # It stays until p3_write has gone, unless p3_write goes before its time (69).
    p1_read) if ((code != 0 && code != 69)); then stop; fi ;;
  esac
  if [[ " ${running[*]} " != *" p1_read "* && " ${running[*]} " != *" p3_write "* ]]; then stop; fi
  # Only p3_write's reader is not one of ours.
  if [[ $name != p3_write ]] && ((code == 141)); then code=69; fi
  ((status[${name:0:2}])) || status[${name:0:2}]=$code
}

while ((${#running[@]})); do
  gone=()  # those that bash has reaped: `wait -n` may have forgotten them, `wait` has not
  for pid in "${!running[@]}"; do
    kill -0 "$pid" || gone+=("$pid")
  done
  if ((${#gone[@]})) || [[ $is_stopping ]]; then
    for pid in "${gone[@]:-$pid}"; do
      wait "$pid"
      code=$?
      kill -0 "$pid" || has_ended "$pid" "$code"  # or one more signal came
    done
  else
    kill -0 "$ticker" || tick
    wait -n -p pid "${!running[@]}" "$ticker"
    code=$?
    # Or a second has passed, or a signal came, or all are gone.
    [[ ! ${pid:-} || $pid == "$ticker" ]] || has_ended "$pid" "$code"
  fi
done
[[ ! $ticker ]] || kill -KILL "$ticker"

# p3_write knows most, for every verdict ends there. 69 only says that somebody else failed.
[[ ! $is_done ]] || last_words='' status[p1]=0 status[p2]=0
[[ ! $last_words ]] || say "$last_words"
code=0
for name in p3 p1 p2; do
  if ((code == 0 || code == 69)) && ((status[$name])); then code=${status[$name]}; fi
done
((code)) || [[ $is_done || $signal ]] || die 70 "internal error: p3_write has not been seen to end"

let_go "$shared"  # NFS and FUSE keep a name for what is open
[[ ! -e $directory ]] || rm -rf "$directory"  # p1_read has done it if all went well
echo over >&"$lifeline"
exec {lifeline}>&-
[[ ! $signal ]] || die_of_signal
exit "$code"
