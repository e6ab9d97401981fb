# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completions for bash. To be sourced, or to be installed in share/bash-completion/completions under
# the name of each command in the last lines.
#
# The options are those that the command's --help shows, and the names of their values there say what
# is completed: files for FILE and PATH, commands for COMMAND. Values that are fixed are listed here.

_rowsum_values() {  # OPTION
  case $1 in
    --deal) echo round-robin random pull ;;
    --delimiter | --output-delimiter) echo tab ;;
    --empty) echo reject zero ;;
    --format) echo csv tsv jsonl stream ;;
    --header) echo skip repeat ;;
    --lines) echo rows any ;;
    --on-error) echo fail skip ;;
    --progress) echo auto always never ;;
  esac
}

# Prints a line "SHORT:LONG:VALUE" for each option, in which each part may be missing. VALUE is the name
# of a value that may be the next word; a value that can only be attached, as in --header=skip, is not.
_rowsum_options() {  # COMMAND
  "$1" --help 2>/dev/null |
    sed -nE '/^ {2,6}-/s/^ +(-[[:alpha:]])?(, | \[ )?(--[a-z-]+)?( \])?( ([A-Z]+))?.*/\1:\3:\6/p'
}

_rowsum() {  # COMMAND WORD
  local command word=$2 previous=${COMP_WORDS[COMP_CWORD - 1]} option attached='' short long value names=()
  # Nothing in COMPREPLY stands for files, by -o default below.
  [[ $previous != [\<\>]* && " ${COMP_WORDS[*]:1:COMP_CWORD - 1} " != *' -- '* ]] || return

  # In COMP_WORDS, --option=value is three words.
  option=$previous
  if [[ ${COMP_WORDS[COMP_CWORD]} == = ]]; then
    attached=1
  elif [[ $previous == = ]]; then
    attached=1 option=${COMP_WORDS[COMP_CWORD - 2]}
  fi

  # shellcheck disable=SC2162 # this is how read removes backslashes
  read command <<<"${1/#\~/$HOME}"
  while IFS=: read -r short long value; do
    names+=(${short:+"$short"} ${long:+"$long"})
    [[ ($option == "$short" || $option == "$long") && $attached$value ]] || continue
    case $value in
      FILE | PATH) ;;
      COMMAND) mapfile -t COMPREPLY < <(compgen -c -- "$word") ;;
      *)
        mapfile -t COMPREPLY < <(compgen -W "$(_rowsum_values "$long")" -- "$word")
        compopt +o default ;;
    esac
    return
  done < <(_rowsum_options "$command")

  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "${names[*]}" -- "$word")
  elif [[ ${command##*/} == p2_sum ]]; then
    compopt +o default  # it takes no files
  fi
}

complete -o default -F _rowsum p1_read p2_sum p3_write run_pipeline run_pipeline.sh \
  slurm_pipeline slurm_pipeline.sh
