#!/usr/bin/env bash
# .venv holds exactly what requirements/ names, every file checked against its hash, and Veladora itself.
#
# Does nothing when that is already so. PYTHON names the interpreter (default: python3).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly PYTHON=${PYTHON:-python3}
readonly STAMP=.venv/veladora.stamp
readonly LOCKS=(requirements/build.txt requirements/dev.txt)

# The folder is part of it: a virtual environment that was moved points at its old place.
wanted() {
    pwd
    "$PYTHON" -c 'import os, sys; print(os.path.realpath(sys.executable), sys.version)'
    sha256sum "${LOCKS[@]}" pyproject.toml deploy/venv.sh
}

trouble() {
    printf '%s\n' "venv: pip did not finish; its reason is above" \
        "      -> no network: check it and run the same command again (nothing half-made is kept)" \
        "      -> hashes do not match: do not go on; what was downloaded is not what was reviewed" >&2
    exit 1
}

# Two commands at once in one clone wait for each other here.
if command -v flock >/dev/null; then
    exec 9>.venv.lock
    flock 9
fi
now=$(wanted)
if [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$now" ] && .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi
echo "making .venv ($("$PYTHON" --version); nothing is installed outside this folder)" >&2
rm -rf .venv
"$PYTHON" -m venv .venv
pip=(.venv/bin/python -m pip --disable-pip-version-check --require-virtualenv install --quiet)
# First the tools that build, then the rest without build isolation: so nothing unhashed is ever fetched.
"${pip[@]}" --require-hashes -r requirements/build.txt || trouble
"${pip[@]}" --require-hashes --no-build-isolation -r requirements/dev.txt || trouble
"${pip[@]}" --no-deps --no-build-isolation --editable . || trouble
printf '%s\n' "$now" >"$STAMP"
