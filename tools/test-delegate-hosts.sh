#!/usr/bin/env bash
# Runs recorded networks with libottava_delegate.so in hosts of other versions than CI's, each in a virtual environment of its own.
#
#   tools/test-delegate-hosts.sh PREFIX MODELS [--times [--command OTTAVA]]
#
# PREFIX is where tools/install-c.sh has installed, MODELS the folder of recorded networks; `--times` measures instead, as
# bindings/delegate/tests/hosts.py says. PYTHON is an interpreter that all hosts have
# wheels for, 3.11 [python3]; VENVS a folder to keep the environments in [a temporary one]. TensorFlow alone takes 1 GB there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

prefix=${1:?where tools/install-c.sh has installed} models=${2:?a folder of models}
shift 2
if [ -z "${VENVS-}" ]; then
    VENVS=$(mktemp -d)
    trap 'rm -rf "$VENVS"' EXIT
fi

# Older hosts were built for NumPy 1.
for packages in 'ai-edge-litert==2.3.0 numpy' 'ai-edge-litert==1.4.0 numpy' 'tflite-runtime==2.14.0 numpy<2' 'tensorflow-cpu==2.21.0'; do
    folder=$VENVS/${packages%% *}
    if [ ! -e "$folder/complete" ]; then
        "${PYTHON:-python3}" -m venv --clear "$folder"
        # shellcheck disable=SC2086 # several
        "$folder/bin/pip" install --quiet --disable-pip-version-check $packages
        touch "$folder/complete"
    fi
    "$folder/bin/python" bindings/delegate/tests/hosts.py "$prefix/lib/libottava_delegate.so" "$models" "$@"
done
