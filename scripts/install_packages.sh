# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The packages that the scripts need, and their installation on Debian and its derivatives. To be
# sourced.

# Prints the list: one package in each line and, if the package has one, a command that shows that
# it is installed.
packages_for() {  # PURPOSE
  case $1 in
    build)
      printf '%s\n' 'g++ g++' 'cmake cmake' 'ninja-build ninja' libboost-dev \
        libboost-program-options-dev libcereal-dev libxxhash-dev libgmp-dev libhwy-dev doctest-dev ;;
    check)
      printf '%s\n' 'python3 python3' 'shellcheck shellcheck' 'strace strace' 'bindfs bindfs' \
        python3-yaml 'mandoc mandoc' 'man-db man' 'dpkg-dev dpkg-shlibdeps' 'file file' \
        'lintian lintian' \
        'gzip gzip' 'pigz pigz' 'zstd zstd' 'xz-utils xz' 'bzip2 bzip2' 'lbzip2 lbzip2' \
        'pkg-config pkg-config' bash-completion 'zsh zsh' 'fish fish' 'tmux tmux' \
        'gnuplot-nox gnuplot' ;;
    # libclang-rt-dev has the sanitizers and libFuzzer.
    clang) printf '%s\n' 'clang clang++' libclang-rt-dev 'clang-format clang-format' ;;
    bench)
      printf '%s\n' coreutils 'mawk mawk' 'gawk gawk' 'miller mlr' 'parallel parallel' \
        'python3 python3' python3-joblib python3-pandas 'nodejs node' 'npm npm' 'gnuplot-nox gnuplot' \
        libbenchmark-dev libtext-csv-perl ;;
    # What the recipes of RECIPES.md are about.
    places)
      printf '%s\n' postgresql 'sqlite3 sqlite3' 'socat socat' 'openssh-client ssh' openssh-server \
        libnss-wrapper iproute2 'parallel parallel' 'make make' ;;
    # A cluster of its own on this machine, for tests/places/slurm_test.py.
    slurm) printf '%s\n' 'slurmctld slurmctld' 'slurmd slurmd' 'slurm-client sbatch' 'munge munged' ;;
  esac
}

is_installed() {  # PACKAGE [COMMAND]
  if [[ ${2:-} ]]; then
    command -v "$2" >/dev/null
  else
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
  fi
}

# Installs what is missing for all of the PURPOSEs (build, check, clang, bench, places, slurm), with apt-get, as
# root. Without root it prints the command that installs them, and fails. Without dpkg it looks for
# commands only: CMake reports missing libraries.
install_packages() {  # PURPOSE...
  local purpose package command missing=()
  for purpose; do
    while read -r package command; do
      [[ $command ]] || command -v dpkg-query >/dev/null || continue
      is_installed "$package" "$command" || missing+=("$package")
    done < <(packages_for "$purpose")
  done
  ((${#missing[@]})) || return 0
  if ! command -v apt-get >/dev/null; then
    echo "These packages of Debian are missing: ${missing[*]}" >&2
    return 1
  fi
  if ((EUID != 0)); then
    echo "Packages are missing. This installs them: sudo apt-get install -y ${missing[*]}" >&2
    return 1
  fi
  echo "Installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update && apt-get -qq install --no-install-recommends -y "${missing[@]}" >/dev/null
}
