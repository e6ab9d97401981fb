#!/bin/bash
# SPDX-License-Identifier: MIT
# Sums the rows of a CSV file on a Slurm cluster; see slurm_pipeline(1).
#
#   outline, an array  ->  sum, an array  ->  merge, one task
#
# These are three jobs that depend on each other. Slurm runs this script for each task, with the first
# argument --task. Between the jobs there are only files, in the directory OUTPUT.parts:
#
#   settings     what the parts depend on, so that only the same command goes on with them
#   jobs         the merge that the last submission asked for, and its jobs
#   submitting   there while somebody submits
#   outline.I    the outline of part I, and
#   sum.I        the stream of its results
#   plan         which rows are in which part
#   ended.X      the exit status, and what was said: by what failed at outline.I or sum.I, or by the merge
#   log.JOB.T    all that was said in task T, and what Slurm has to say about it
#
# What a task makes is written beside, under a name of its own, and renamed. So what is there is
# complete, and a task that runs twice, even on two machines at once, does no harm.
set -u
shopt -s nullglob
program=${0##*/}

die() {  # STATUS MESSAGE
  printf '%s: %s\n' "$program" "${2//[[:cntrl:]]/?}" >&2
  exit "$1"
}
usage_error() { die 64 "$1; try '$program --help'"; }

help() {
  cat <<EOF
Usage: $program -N PARTS [OPTION]... FILE -o OUTPUT
Sums the rows of a plain CSV file on a Slurm cluster, in parts, and writes "index,sum"
for each row to OUTPUT, in order. The file, and the directory of OUTPUT, have to be on a
file system that all nodes share. The same command again goes on with what is there.

Jobs:
  -N, --parts N           divide the file into so many parts, each of them a task
  -L, --limit N           run so many tasks at once, at most
  -c, --cpus-per-task N   processors, and so workers, for each task (default: 1)
      --sbatch OPTIONS    more options for sbatch, separated by blanks: '-p long -t 60'
      --no-wait           print the jobs, and do not wait for them
      --progress MODE     show how far the jobs are: auto (default: on a terminal), always
                          (elsewhere a line every ten seconds), or never
      --dry-run           print the commands that would submit the jobs, and exit

Input, and programs in place of the sums, as for run_pipeline.sh:
  -d, --delimiter C       the byte between fields (default: a comma); tab: a tab
      --header            skip the first row
      --header=repeat     the same, and give it to --command with each batch
  -f, --fields LIST       only these fields, as for cut(1): 1,3-5,7-; or names in the header
      --complement        all fields but those
      --empty MODE        an empty field: reject it (default), or take it for zero
      --max-row SIZE      a longer row is an error (default: 16M)
      --command COMMAND   start it for each batch: rows on its input, a line back for each
      --coprocess COMMAND  the same, but it goes on; "ROWS BYTES" comes before each batch
      --lines MODE        rows: a line for each row (default); any: lines as they are
      --one-line          give it each row in one line
      --worker COMMAND    a program that speaks the stream format (default: p2_sum)
      --retries K         deaths in a row at one place that are taken for chance
      --worker-timeout T  replace a worker that returns nothing for T seconds
      --batch-size SIZE   bytes of rows in a batch
      --deal POLICY       who gets the next batch: round-robin, random or pull

Output, as for run_pipeline.sh:
  -o, --output FILE       write to FILE, which is only ever replaced by a complete one
      --format FORMAT     csv (default), tsv, or jsonl: {"index":0,"sum":6}
      --output-delimiter C  the byte between index and sum (default: a comma); tab: a tab
      --output-header     begin with the line "index,sum"
      --no-index          print only the sums
      --crlf              end lines with CR LF
      --on-error POLICY   a row that is not integers: fail (default), or skip it and go on
      --rejects FILE      with --on-error=skip: keep the rejected rows in FILE
      --reports N         the same: report N of them (default: 10), and how many more there are

Other:
  -h, --help              print this help and exit
      --version           print the version and exit

Exit status: as that of run_pipeline.sh; 69 as well if a job was lost, and 71 if Slurm
accepts none.
EOF
}

# --- In a task --------------------------------------------------------------------------------------

# Runs a command that makes something in the directory. What it says and its status are kept if it fails,
# or if it is the merge.
attempt() {  # WHAT COMMAND...
  local said status=0 ended=$dir/ended.$1
  said=$("${@:2}" 2>&1 >/dev/null) || status=$?
  [[ ! $said ]] || printf '%s\n' "$said" >&2  # into the log
  if ((status == 0)) && [[ $1 != merge ]]; then
    rm -f -- "$ended"
  else
    printf '%s\n' "$status" "$said" > "$ended$own" && mv -f -- "$ended$own" "$ended"
  fi
  return "$status"
}

# shellcheck disable=SC2317 # attempt() calls it
make_sum() {  # PART
  if [[ ! -e $dir/plan ]]; then
    "$bin/p1_read" --fold "${outlines[@]}" > "$dir/plan$own" || return
    mv -f -- "$dir/plan$own" "$dir/plan" || return
  fi
  "$launcher" "${options[@]}" -n "${SLURM_CPUS_PER_TASK:-1}" --part "$1/$parts" --plan "$dir/plan" \
    --format=stream -o "$dir/sum.$1" -- "$input"
}

run_task() {  # JOB DIRECTORY PARTS TASKS INPUT BIN LAUNCHER [OPTION]...
  local job=$1 dir=$2 parts=$3 tasks=$4 input=$5 bin=$6 launcher=$7 options=("${@:8}") part status=0
  local own=.$SLURM_JOB_ID.${SLURM_RESTART_COUNT:-0} outlines=() sums=()
  cd "$SLURM_SUBMIT_DIR" || exit 71
  for ((part = 1; part <= parts; ++part)); do
    outlines+=("$dir/outline.$part") sums+=("$dir/sum.$part")
  done
  case $job in
    outline | sum)
      for ((part = SLURM_ARRAY_TASK_ID; part <= parts; part += tasks)); do
        [[ ! -e $dir/$job.$part ]] || continue
        case $job in
          outline) attempt "outline.$part" "$bin/p1_read" "${options[@]}" \
            --part "$part/$parts" --outline "$dir/outline.$part" -- "$input" ;;
          sum) attempt "sum.$part" make_sum "$part" ;;
        esac || status=$?
      done ;;
    merge | merge-and-remove)
      attempt merge "$bin/p3_write" "${options[@]}" -- "${sums[@]}" || status=$?
      [[ $job == merge || $status != 0 ]] || rm -rf -- "$dir" ;;
  esac
  exit "$status"
}

[[ ${1-} != --task ]] || run_task "${@:2}"

# --- The command line -------------------------------------------------------------------------------

parts="" limit="" cpus=1 sbatch_options=() waits=1 progress=auto dry_run="" show_version=""
outline_options=() sum_options=() merge_options=() output="" rejects="" files=()

while (($#)); do
  option=$1 value="" has_value=""
  shift
  # --option=value is --option value, and -NVALUE is -N VALUE.
  case $option in
    --?*=*) has_value=1 value=${option#*=} option=${option%%=*} ;;
    -[!-]?*) has_value=1 value=${option:2} option=${option:0:2} ;;
  esac

  # For each option: the job that it is for, its name there, and whether it takes a value. An attached_value
  # may be left out, and is never the next argument.
  for_job="" name=$option takes=value
  case $option in
    -N | --parts | -L | --limit | -c | --cpus-per-task | --sbatch | --progress) ;;
    --no-wait | --dry-run | -h | --help | --version) takes=nothing ;;
    -d | --delimiter) for_job=both name=--delimiter ;;
    --header) for_job=both takes=attached_value ;;
    -f | --fields) for_job=sum name=--fields ;;
    --empty | --max-row | --command | --coprocess | --lines | --worker | --retries | --worker-timeout) for_job=sum ;;
    --batch-size | --deal) for_job=sum ;;
    --complement | --one-line) for_job=sum takes=nothing ;;
    -o | --output) for_job=merge name=--output ;;
    --format | --output-delimiter | --on-error | --rejects | --reports) for_job=merge ;;
    --output-header | --no-index | --crlf) for_job=merge takes=nothing ;;
    --)
      files+=("$@")
      break ;;
    -?*) usage_error "unrecognised option '$option'" ;;
    *)
      files+=("$option")
      continue ;;
  esac
  case $takes in
    value)
      if [[ ! $has_value ]] && (($#)); then
        has_value=1 value=$1
        shift
      fi
      [[ $value ]] || usage_error "option '$option' needs a value" ;;
    nothing) [[ ! $has_value ]] || usage_error "option '$option' takes no value" ;;
  esac

  case $name in
    -N | --parts) parts=$value ;;
    -L | --limit) limit=$value ;;
    -c | --cpus-per-task) cpus=$value ;;
    --sbatch)
      read -r -a words <<<"$value"
      sbatch_options+=("${words[@]}") ;;
    --no-wait) waits="" ;;
    --progress) progress=$value ;;
    --dry-run) dry_run=1 ;;
    -h | --help)
      help
      exit ;;
    --version) show_version=1 ;;
    --output) output=$value ;;
    --rejects) rejects=$value ;;
  esac
  word=$name${has_value:+=$value}
  case $for_job in
    both) outline_options+=("$word") sum_options+=("$word") ;;
    sum) sum_options+=("$word") ;;
    merge) merge_options+=("$word") ;;
  esac
done

# The programs are beside this script, in the build directory of its source tree, or in PATH.
find_programs() {
  here=$(readlink -f -- "$0") || exit 71
  self=$here here=${here%/*} launcher=$here/run_pipeline.sh
  for bin in "$here" "$here/../build/bin"; do [[ ! -f $bin/p3_write ]] || return 0; done
  bin=$(command -v p3_write) || die 71 "p3_write is neither beside this script nor in PATH"
  bin=${bin%/*}
}
find_programs
version=$("$bin/p3_write" --version) || exit
if [[ $show_version ]]; then
  echo "$program ${version#* }"
  exit
fi

check_number() {  # OPTION VALUE MOST
  [[ $2 == [1-9]*([0-9]) ]] && ((${#2} < 6 && $2 <= $3)) && return
  usage_error "$1: '$2' is not a number from 1 to $3"
}

((${#files[@]} == 1)) || usage_error "one FILE is needed"
input=${files[0]}
[[ $parts ]] || usage_error "-N is needed: into how many parts to divide the file"
[[ $output ]] || usage_error "-o is needed: the file to write to"
check_number --parts "$parts" 10000
[[ ! $limit ]] || check_number --limit "$limit" 99999
check_number --cpus-per-task "$cpus" 99999
[[ $progress == @(auto|always|never) ]] || usage_error "--progress: '$progress' is neither auto, always nor never"
[[ -e $input ]] || die 66 "$input: No such file or directory"
[[ -f $input && -r $input ]] || die 66 "$input: not a plain file that can be read"
[[ ! -e $output || -f $output ]] || usage_error "--output: '$output' is not a plain file"
[[ ! $input -ef $output ]] || usage_error "--output: '$output' is an input"
[[ ! $input -ef $rejects ]] || usage_error "--rejects: '$rejects' is an input"

# Has the programs look at all other options, with an empty input and without a worker of the user's, so that
# a task need not find a wrong one. Other failures than that are none of the options.
check_options() {
  local word words=() said status=0
  for word in "${sum_options[@]}" "${merge_options[@]}"; do
    case $word in
      --output=*) continue ;;
      --rejects=*) word=--rejects=/dev/null ;;
      --worker=*) word=--worker=true ;;
    esac
    words+=("$word")
  done
  said=$("$launcher" -n 1 "${words[@]}" </dev/null 2>&1 >/dev/null) || status=$?
  said=${said%; try *}
  ((status != 64)) || usage_error "${said#*: }"
}
check_options
command -v sbatch squeue scontrol scancel >/dev/null || die 71 "sbatch is not in PATH: is this a machine of a Slurm cluster?"

# The tasks of an array are numbered from 1. Task T has the parts T, T + tasks, T + 2 * tasks and so on.
count_tasks() {
  local config most
  config=$(scontrol show config 2>&1) || die 71 "${config##*$'\n'}"
  [[ $config =~ MaxArraySize\ *=\ *([0-9]+) ]] || die 71 "scontrol does not say what MaxArraySize is"
  most=$((BASH_REMATCH[1] - 1))
  ((most > 0)) || die 71 "Slurm has no arrays: MaxArraySize is ${BASH_REMATCH[1]}"
  tasks=$(((parts + most - 1) / most))          # parts for each task
  tasks=$(((parts + tasks - 1) / tasks))
}

# --- The directory ----------------------------------------------------------------------------------

dir=$output.parts
kept="kept for the same command: $dir"
settings="$(stat -c '%s %.Y' -- "$input")
$(readlink -f -- "$input") ${version##* } $parts ${sum_options[*]@Q}"
made="" locked=""

# Makes the directory, unless it is there. It comes into being with the right to submit.
make_directory() {
  local new
  new=$(mktemp -d -- "$dir.XXXXXX" 2>/dev/null) || die 73 "$dir: cannot be made"
  printf '%s\n' "$settings" > "$new/settings" && printf '%s\n' "$HOSTNAME $$" > "$new/submitting" &&
    mv -fT -- "$new" "$dir" 2>/dev/null && made=1 && return
  rm -rf -- "$new"
  return 1
}

# Gets the right to submit, which only one process has at a time.
lock() {
  local tries=0
  until make_directory || (set -C && printf '%s\n' "$HOSTNAME $$" > "$dir/submitting") 2>/dev/null; do
    [[ ! -e $dir || -d $dir && -w $dir ]] || die 73 "$dir: not a directory that can be written to"
    ((++tries < 300)) || die 69 "somebody else submits (process $(cat -- "$dir/submitting")); \
remove $dir/submitting if that is no more"
    sleep 0.2
  done
  locked=1
}

unlock() {
  [[ ! $locked ]] || rm -f -- "$dir/submitting"
  [[ ! $made ]] || rm -rf -- "$dir"  # nothing was submitted
  locked="" made=""
}

check_settings() {
  local found
  found=$(cat -- "$dir/settings" 2>/dev/null) || die 64 "$dir is in the way; remove it"
  [[ $found != "$settings" ]] || return 0
  [[ ${found#*$'\n'} != "${settings#*$'\n'}" ]] ||
    die 65 "$input has changed since $dir was begun; remove $dir to begin anew"
  die 64 "$dir is that of another command; remove it, or take another --output"
}

# What the last submission asked of the merge, and its jobs.
read_jobs() {
  local id
  asked="" jobs=() ids=()
  [[ -e $dir/jobs ]] || return 0
  {
    IFS= read -r asked
    while read -r job id; do jobs+=("$job $id") ids+=("$id"); done
  } < "$dir/jobs"
}

# --- The jobs ---------------------------------------------------------------------------------------

# Whether any of the jobs is in the queue. If Slurm does not answer, that is taken for granted.
go_on() {
  local queue id
  queue=$(squeue -h -u "$EUID" -o %F 2>/dev/null) || return 0
  for id in "${ids[@]}"; do [[ $'\n'$queue$'\n' != *$'\n'$id$'\n'* ]] || return 0; done
  return 1
}

# Prints the tasks of a job that have something to do, in the form of --array.
find_missing() {  # JOB
  local part task last="" list="" todo=()
  for ((part = 1; part <= parts; ++part)); do
    [[ -e $dir/$1.$part ]] || todo[(part - 1) % tasks + 1]=1
  done
  for task in "${!todo[@]}"; do
    if ((last && task == last + 1)); then list=${list%-"$last"}-$task; else list+=${list:+,}$task; fi
    last=$task
  done
  printf %s "$list"
}

# Submits a job, which waits for the one before.
enqueue() {  # JOB ARRAY [OPTION]...
  local job=$1 array=$2 log=log.${1%%-*} id
  local words=(--job-name="${job%%-*}:${output##*/}" --chdir="$dir" --requeue --open-mode=append)
  if [[ $array ]]; then
    words+=(--array="$array${limit:+%$limit}") log+=.%a
  fi
  ((!${#ids[@]})) || words+=(--dependency="afterok:${ids[-1]}" --kill-on-invalid-dep=yes)
  words=(sbatch --parsable --cpus-per-task="$cpus" "${sbatch_options[@]}" "${words[@]}" --output="$log"
    "$self" --task "$job" "$dir" "$parts" "$tasks" "$input" "$bin" "$launcher" "${@:3}")
  if [[ $dry_run ]]; then
    print_command "${words[@]}"
    id=${job^^}
  elif ! id=$("${words[@]}" 2>&1); then
    ((!${#ids[@]})) || scancel "${ids[@]}" 2>/dev/null
    die 71 "${id##*$'\n'}"
  fi
  id=${id##*$'\n'}
  ids+=("${id%%;*}") jobs+=("${job%%-*} ${id%%;*}")
}

print_command() {  # WORD...
  local word line=""
  for word; do
    [[ $word && $word != *[!A-Za-z0-9_./,:@%+=-]* ]] || word=${word@Q}
    line+=" $word"
  done
  printf '%s\n' "${line# }"
}

submit() {
  local missing
  jobs=() ids=()
  if [[ ! -e $dir/plan ]]; then
    missing=$(find_missing outline)
    [[ ! $missing ]] || enqueue outline "$missing" "${outline_options[@]}"
  fi
  missing=$(find_missing sum)
  [[ ! $missing ]] || enqueue sum "$missing" "${sum_options[@]}"
  if [[ $waits ]]; then enqueue merge "" "${merge_options[@]}"; else enqueue merge-and-remove "" "${merge_options[@]}"; fi
}

# --- Waiting ----------------------------------------------------------------------------------------

# Sets `count` to the number of parts that are done.
count_done() {  # JOB
  local file
  count=0
  for file in "$dir/$1".*; do
    [[ ${file##*"/$1."} != +([0-9]) ]] || ((++count))
  done
}

show_progress() {
  local count line
  count_done outline
  line="$output: $count of $parts parts outlined"
  count_done sum
  line+=", $count summed"
  if [[ -t 2 && $progress != never ]]; then
    printf '\r%s\e[K' "$line" >&2
  elif [[ $progress == always ]] && ((SECONDS >= next_line)); then
    printf '%s: %s\n' "$program" "$line" >&2
    next_line=$((SECONDS + 10))
  fi
}

erase_progress() {
  [[ ! -t 2 || $progress == never ]] || printf '\r\e[K' >&2
}

# shellcheck disable=SC2317 # the traps call it
interrupted() {  # SIGNAL
  erase_progress
  printf '%s: the jobs go on: %s; the same command waits for them again, and "scancel %s" ends them\n' \
    "$program" "${ids[*]}" "${ids[*]}" >&2
  trap - "$1"
  kill "-$1" $$
}

# Waits until the merge has ended, or none of the jobs is left.
wait_for_jobs() {
  local next_look=0 next_line=10
  trap 'interrupted INT' INT
  trap 'interrupted TERM' TERM
  trap 'interrupted HUP' HUP
  SECONDS=0
  while [[ ! -e $dir/ended.merge ]]; do
    if ((SECONDS >= next_look)); then
      go_on || break
      next_look=$((SECONDS + (SECONDS < 80 ? SECONDS / 8 + 1 : 10)))
    fi
    show_progress
    sleep 1
  done
  erase_progress
  : "$dir"/*  # on NFS, what was not there before is looked for again when the directory has been read
}

# Says what the merge has said, removes the directory, and exits with the status of the merge.
finish() {
  local status said
  { read -r status && said=$(cat); } < "$dir/ended.merge"
  if ((status > 1)); then fail "$status" "$said"; fi
  [[ ! $said ]] || printf '%s\n' "$said" >&2
  rm -rf -- "$dir"
  exit "$status"
}

# The directory has gone: another process has seen the end of the merge, or the merge has removed it.
ask_slurm() {
  local job
  job=$(scontrol -o show job "${ids[-1]}" 2>/dev/null)
  [[ $job != *' JobState=COMPLETED '* ]] || exit 0
  [[ $job != *' ExitCode=1:0 '* ]] || exit 1
  die 69 "$dir has gone, and Slurm does not say how job ${ids[-1]} ended"
}

fail() {  # STATUS WORDS
  local status=$1 what=" ($kept)"
  if ((status == 64)); then  # it would fail again
    rm -rf -- "$dir"
    what=""
  fi
  ((status < 128 || status == 141)) || status=69
  printf '%s%s\n' "$2" "$what" >&2
  exit "$status"
}

# Says why there is no merge: by what has failed, or else by what is missing.
find_failure() {
  local job part status said log
  for job in outline sum; do
    for ((part = 1; part <= parts; ++part)); do
      [[ -e $dir/ended.$job.$part ]] || continue
      { read -r status && said=$(cat); } < "$dir/ended.$job.$part"
      fail "$status" "$program: part $part of $parts: $(find_cause "$said" "$dir/log.$job.$(((part - 1) % tasks + 1))")"
    done
  done
  for job in outline sum; do
    [[ $job != outline || ! -e $dir/plan ]] || continue
    for ((part = 1; part <= parts; ++part)); do
      [[ ! -e $dir/$job.$part ]] || continue
      fail 69 "$program: part $part of $parts: $(find_cause "" "$dir/log.$job.$(((part - 1) % tasks + 1))")"
    done
  done
  fail 69 "$program: the merge: $(find_cause "" "$dir/log.merge")"
}

find_cause() {  # WORDS LOG
  local line=${1##*$'\n'}
  [[ $line || ! -s $2 ]] || line=$(tail -n 1 -- "$2")
  printf %s "${line:-its task was cancelled or lost}"
}

# --- All of it --------------------------------------------------------------------------------------

count_tasks
if [[ $dry_run ]]; then
  [[ ! -e $dir ]] || check_settings
  submit
  exit
fi

trap unlock EXIT
trap '' INT  # which would end sbatch, and nobody would know what it has submitted
lock
check_settings
read_jobs
if ((${#ids[@]})) && go_on; then
  made=""
  [[ $asked == "${merge_options[*]@Q}" ]] || die 64 "jobs of another command go on in $dir: ${ids[*]}"
elif [[ -e $dir/ended.merge && $asked == "${merge_options[*]@Q}" && -e $output && ! $output -nt $dir/ended.merge ]]; then
  finish
else
  rm -f -- "$dir"/ended.*
  submit
  printf '%s\n' "${merge_options[*]@Q}" "${jobs[@]}" > "$dir/jobs.new"
  mv -f -- "$dir/jobs.new" "$dir/jobs"
  made=""
fi
unlock
trap - EXIT INT
if [[ ! $waits ]]; then
  printf '%s\n' "${jobs[@]}"
  exit
fi
wait_for_jobs
[[ ! -e $dir/ended.merge ]] || finish
[[ -e $dir ]] || ask_slurm
find_failure
