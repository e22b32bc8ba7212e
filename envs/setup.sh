#!/usr/bin/env bash
# Makes the virtual environment .venv from envs/requirements.lock; does nothing where that is already done.
#   PYTHON=python3.12   the Python to use (default: the first of python3.13, python3.12, python3.11, python3 that fits)
#   TORCH_INDEX=URL     a package index to look for torch in besides pip's own: the one of PyTorch's CPU-only builds, or of
#                       the CUDA version that the driver of the GPUs asks for (docs/cluster.md says which)
# A set-up that was interrupted, moved to another folder or made from another lock is made anew.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

lock=envs/requirements.lock
log=.venv/setup.log
# Measured: installed 6.0 GB with the CUDA build of torch and 2.2 GB with the CPU build; while pip works, its downloads too.
needed_gb=10
case ${TORCH_INDEX:-} in *cpu*) needed_gb=3 ;; esac

fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}
version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }
supported() { case $1 in 3.11 | 3.12 | 3.13) true ;; *) false ;; esac }
has_venv() { "$1" -c 'import venv, ensurepip' 2>/dev/null; }

# Prints the Python to build with. A supported one that can make environments wins over one that cannot.
find_python() {
    local candidate version other="" without_venv=""
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
        version=$(version_of "$candidate") || continue
        if ! supported "$version"; then
            other="$candidate is Python $version"
        elif has_venv "$candidate"; then
            printf '%s\n' "$candidate"
            return
        else
            without_venv=${without_venv:-$version}
        fi
    done
    if [ -n "$without_venv" ]; then
        fail "Python $without_venv cannot make virtual environments: apt install python$without_venv-venv (or python3-venv), then try again"
    elif [ -n "$other" ]; then
        fail "$other, galforge needs 3.11, 3.12 or 3.13: install one, or name it with PYTHON=/path/to/python3.12"
    elif [ -n "${PYTHON:-}" ]; then
        fail "PYTHON=$PYTHON does not run: name a Python 3.11, 3.12 or 3.13"
    fi
    fail "no Python found: install Python 3.11, 3.12 or 3.13 (Debian: apt install python3 python3-venv), or name one with PYTHON="
}

# What the environment was made from: the lock, and the place, because a virtual environment cannot be moved.
stamp() { printf '%s %s\n' "$(sha256sum <$lock | cut -d' ' -f1)" "$PWD"; }
ready() { [ -f .venv/stamp ] && [ "$(cat .venv/stamp)" = "$(stamp)" ] && .venv/bin/python -c '' 2>/dev/null; }

fail_of_pip() {
    if grep -Eqi 'no space left|disk quota exceeded' $log; then
        fail "the disk is full: free $needed_gb GB at $PWD, or put .venv elsewhere (a link to a folder), then try again"
    elif grep -Eqi 'failed to establish|NameResolutionError|connection (refused|reset|broken|aborted)|unreachable|timed out|ProxyError|SSLError' $log; then
        fail "no network: pip cannot reach its package index; connect, or set HTTPS_PROXY or PIP_INDEX_URL, then try again (details: $log)"
    fi
    if grep -q 'DO NOT MATCH THE HASHES' $log; then
        fail "a download is not the file that $lock knows: a mirror or a proxy may have changed it; ask another package index with PIP_INDEX_URL (details: $log)"
    fi
    fail "pip failed: $(grep '^ERROR' $log | tail -n 1 | cut -c1-200) (details: $log)"
}

# On macOS there is no /proc, by which jobs find out about processes, and the lock's versions were never installed.
[ "$(uname -s)" = Linux ] || fail "galforge needs Linux, and this is $(uname -s): run it on a Linux machine, or in a container or virtual machine with Linux on this one"
case $PWD in
    *[[:space:]]*) fail "the path of this folder has a space, which Snakemake cannot start Python from: move the checkout ($PWD)" ;;
esac
if ready; then
    echo "setup: .venv is up to date"
    exit 0
fi
# A link into another checkout's environment would have that one emptied.
other=$(cut -d' ' -f2- .venv/stamp 2>/dev/null || true)
if [ -n "$other" ] && [ "$other" != "$PWD" ] && [ "$other/.venv" -ef .venv ]; then
    fail ".venv leads to the environment of another checkout ($other): link it to an empty folder, or remove the link"
fi
# Two calls at once must not build the same folder; the second finds it ready.
exec 9<$lock
if command -v flock >/dev/null && ! flock --nonblock 9; then
    echo "setup: waiting for another set-up of this checkout"
    flock 9
    if ready; then exit 0; fi
fi

python=$(find_python)
trap 'printf "\nsetup: interrupted; the next call starts it again\n" >&2; exit 130' INT TERM
echo "setup: making .venv with $python ($(version_of "$python")) from $lock: takes 2 to 4 minutes and the downloads: 3 GB with the CUDA build of torch, 0.4 GB with the CPU build"
started=$SECONDS
if ! said=$("$python" -m venv --clear .venv 2>&1); then
    case $said in
        *ensurepip*) fail "Python $(version_of "$python") cannot make virtual environments: apt install python$(version_of "$python")-venv (or python3-venv), then try again" ;;
        *) fail "$python cannot make .venv: $(tail -n 1 <<<"$said")" ;;
    esac
fi
free_gb=$(($(df -Pk .venv | awk 'NR == 2 {print $4}') / 1024 / 1024))
if [ "$free_gb" -lt "$needed_gb" ]; then
    fail "not enough disk space: $free_gb GB free at $PWD, about $needed_gb GB needed: free some, or put .venv elsewhere (a link to a folder)"
fi

# pip unpacks in TMPDIR, and /tmp is often small. -I: a PYTHONPATH of the shell must not count as installed.
mkdir .venv/tmp
pip_install() {
    TMPDIR=$PWD/.venv/tmp .venv/bin/python -I -m pip install --disable-pip-version-check --progress-bar off "$@" 2>&1 |
        while IFS= read -r line; do
            printf '%s\n' "$line" >>$log
            case $line in
                *"Downloading "*[MG]"B)")
                    file=${line##*Downloading }
                    echo "setup:   downloading ${file%%-[cp][py]*} (${line##*(}"
                    ;;
                "Installing collected"*) echo "setup:   downloads done, unpacking (a minute or two)" ;;
            esac
        done || fail_of_pip
}
# pip checks the hashes of all packages or of none. So those that have hashes come first, and torch, of which every build
# has others, on its own; what it needs besides its CUDA packages is there by then, and stays at the lock's versions.
awk '!/^#/ && /==/ {hashed = /\\$/} !/^#/ && hashed' $lock >.venv/tmp/hashed
awk '!/^#/ && /==/ && !/\\$/' $lock >.venv/tmp/builds
awk '!/^#/ && /==/ {print $1}' $lock >.venv/tmp/pins
[ ! -s .venv/tmp/hashed ] || pip_install --require-hashes -r .venv/tmp/hashed
[ ! -s .venv/tmp/builds ] ||
    pip_install ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} --constraint .venv/tmp/pins -r .venv/tmp/builds
rm -rf .venv/tmp
stamp >.venv/stamp.new && mv .venv/stamp.new .venv/stamp
echo "setup: done in $((SECONDS - started)) s"
