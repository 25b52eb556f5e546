#!/usr/bin/env bash
# Where does the loss begin to matter for a detector? Small scenes, one thing changed at a time; the tables of
# docs/detectors.md. About ten minutes on two cores. Arguments: the losslab binary, the folder for results.
set -euo pipefail
losslab=${1:-target/release/losslab}
out=${2:-losslab-results/study}

scenes=images=300,size=64,ratio=200,contrast=60
losses=(--loss ce --loss focal:gamma=2,alpha=0.25)

run() { # name, scenes, further arguments
    local name=$1 what=$2
    shift 2
    echo "== $name: --scenes $what $*"
    "$losslab" compare --scenes "$what" "${losses[@]}" --seeds 3 --width 16 --epochs 15 --quiet --out "$out/$name" --fresh "$@" |
        grep -E '^. AP(50)? ' || true
}

run base "$scenes"
run no-prior "$scenes" --prior 0.5
run sgd "$scenes" --optimizer sgd --lr 0.01
run sgd-no-prior "$scenes" --optimizer sgd --lr 0.01 --prior 0.5
run no-norm-no-prior "$scenes" --norm none --prior 0.5 --clip 0
run per-element "$scenes" --normalizer elements
run near-misses "$scenes,hard=8"
run rarer "images=300,size=64,ratio=1000,contrast=60"
