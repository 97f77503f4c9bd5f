#!/usr/bin/env bash
# Recomputes both locks. Needs uv. Writes hashes and no registry address.
set -euo pipefail
cd "$(dirname "$0")/.."
common=(--universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --quiet "$@")
uv pip compile "${common[@]}" --extra local pyproject.toml requirements/install.in -o requirements/runtime.txt
uv pip compile "${common[@]}" --extra local pyproject.toml requirements/install.in requirements/dev.in -c requirements/runtime.txt -o requirements/dev.txt
