# shellcheck shell=bash
# What the scripts need, and how it gets installed on Debian and its relatives. To be sourced.

# The list, a package a line, with the command that shows it is there if it has one.
packages_for() {  # PURPOSE
  case $1 in
    build)
      printf '%s\n' 'g++ g++' 'cmake cmake' 'ninja-build ninja' libboost-dev \
        libboost-program-options-dev libcereal-dev libxxhash-dev libgmp-dev libhwy-dev doctest-dev ;;
    check) printf '%s\n' 'python3 python3' 'shellcheck shellcheck' 'strace strace' 'bindfs bindfs' ;;
    # libclang-rt-dev has the sanitizers and libFuzzer.
    clang) printf '%s\n' 'clang clang++' libclang-rt-dev 'clang-format clang-format' ;;
    bench)
      printf '%s\n' coreutils 'mawk mawk' 'gawk gawk' 'miller mlr' 'parallel parallel' \
        'python3 python3' python3-joblib python3-pandas 'nodejs node' 'npm npm' 'gnuplot-nox gnuplot' \
        libbenchmark-dev ;;
  esac
}

is_installed() {  # PACKAGE [COMMAND]
  if [[ ${2:-} ]]; then
    command -v "$2" >/dev/null
  else
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
  fi
}

# Installs what is missing for all of the PURPOSEs (build, check, clang, bench), with apt-get, as root.
# Without root it says what is missing, and fails. Where there is no dpkg it asks for commands only:
# CMake says which library it misses.
install_packages() {  # PURPOSE...
  local purpose package command missing=()
  for purpose; do
    while read -r package command; do
      [[ $command ]] || command -v dpkg-query >/dev/null || continue
      is_installed "$package" "$command" || missing+=("$package")
    done < <(packages_for "$purpose")
  done
  ((${#missing[@]})) || return 0
  if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
    echo "These packages are missing: ${missing[*]}" >&2
    return 1
  fi
  echo "Installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update && apt-get -qq install --no-install-recommends -y "${missing[@]}" >/dev/null
}
