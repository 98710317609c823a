#!/bin/bash
# Train every set of weights again from a folder of models with a MANIFEST.tsv.
#
#   contrib/train/train.sh MODELS     (normally through `make train MODELS=folder`)
#
# Writes contrib/train/weights/<name>.safetensors and src/libem/learned/weights_<name>.c.  The same
# models, seed and sources give the same files but for the date.
set -euo pipefail
models=${1:?folder of models}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

[ -r "$models/MANIFEST.tsv" ] || { echo "$models has no MANIFEST.tsv" >&2; exit 1; }
mkdir -p "$root/contrib/train/weights"
for trainer in "$root"/build/train/train_*; do
    name=${trainer##*/train_}
    echo "== $name"
    "$trainer" "$models" "$root/contrib/train/weights/$name.safetensors" \
        "$root/src/libem/learned/weights_$name.c"
done
