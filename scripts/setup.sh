#!/bin/sh
# Install what the repository needs: setup.sh venv PYTHON | python REQUIREMENTS | debian PACKAGES | unpacked PACKAGE | npm | native
set -eu

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        echo "setup: '$*' needs root, and there is no sudo: run it as root, then start again" >&2
        exit 1
    fi
}

install_packages() {
    echo "setup: installing Debian packages: $*"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    # Tests start servers of their own, so that none is to run by itself afterwards.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

missing_packages() {
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || echo "$package"
    done
}

case "$1" in
venv)
    python=$2
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
        echo "setup: $("$python" --version) is too old; Python 3.11 or newer is needed (make PYTHON=python3.11 …)" >&2
        exit 1
    }
    if [ ! -x .venv/bin/pip ]; then
        rm -rf .venv
        if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
            command -v apt-get >/dev/null 2>&1 || {
                echo "setup: this Python has no venv module; install it with your system's packages" >&2
                exit 1
            }
            install_packages python3-venv
        fi
        echo "setup: making a virtual environment in .venv"
        "$python" -m venv .venv
    fi
    ;;
python)
    echo "setup: installing Python packages ($2)"
    .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r "$2"
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
    ;;
native)
    # Never needed: what is not compiled runs as plain Python.
    include=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
    if ! command -v gcc >/dev/null 2>&1 || [ ! -f "$include/Python.h" ]; then
        echo "setup: no gcc, or no headers of $(.venv/bin/python --version): the hot path stays plain Python" >&2
        exit 0
    fi
    .venv/bin/python -c 'import Cython' 2>/dev/null ||
        .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
    .venv/bin/python scripts/native.py
    ;;
debian)
    command -v dpkg-query >/dev/null 2>&1 || {
        echo "setup: not Debian; install these by hand: $(grep -v '^#' "$2" | tr '\n' ' ')" >&2
        exit 1
    }
    # shellcheck disable=SC2046 # names of packages hold no spaces
    set -- $(missing_packages $(grep -v '^#' "$2"))
    [ $# = 0 ] || install_packages "$@"
    ;;
unpacked)
    # A peer that Debian does not install beside another one; what it depends on is among the packages above.
    into=.venv/peers/$2
    if [ ! -d "$into" ]; then
        echo "setup: unpacking the Debian package $2 to $into"
        rm -rf "$into.new"
        mkdir -p "$into.new"
        (
            cd "$into.new"
            apt-get download -qq "$2" >/dev/null 2>&1 || {
                as_root apt-get update -qq
                apt-get download -qq "$2" >/dev/null
            }
            dpkg -x "$2"_*.deb . && rm -f "$2"_*.deb
        ) || {
            rm -rf "$into.new"
            echo "setup: the Debian package $2 could not be fetched" >&2
            exit 1
        }
        mv "$into.new" "$into"
    fi
    ;;
npm)
    # Programs of others for Node.js. A machine that has Node.js from elsewhere keeps it.
    if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
        install_packages nodejs npm
    fi
    into=.venv/peers/npm
    echo "setup: installing Node.js packages (requirements/npm/package-lock.json)"
    rm -rf "$into"
    mkdir -p "$into"
    cp requirements/npm/package.json requirements/npm/package-lock.json "$into/"
    npm ci --prefix "$into" --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
    ;;
esac
