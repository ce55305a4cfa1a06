#!/usr/bin/env bash
# Times this build against the engines from PyPI: installs them into FOLDER, makes full-width random
# weights there, converts them to every precision, and runs peers.py and padding_resnet.py, which
# interleave. What FOLDER has already is kept. Needs python3-venv, network access once, and
# `swift build -c release`.
#
#     Tests/Benchmarks/run_peers.sh FOLDER [ROUNDS]
set -euo pipefail
[ $# -ge 1 ] || { echo "usage: $0 FOLDER [ROUNDS]" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
rounds=${2:-15}
cd "$(dirname "$0")/../.."
built=$PWD/.build/release
[ -x "$built/pconv-run" ] || { echo "build first: swift build -c release" >&2; exit 2; }

python=$folder/python/bin/python
[ -x "$python" ] || python3 -m venv "$folder/python"
"$python" -m pip install --quiet onnxruntime openvino onnx h5py numpy

weights=$folder/full_width.h5
[ -e "$weights" ] || "$python" Tests/Fixtures/make_full_width.py "$weights"
mkdir -p "$folder/pictures"
cp Models/default/demo.jpg Models/default/held-out.jpg "$folder/pictures"
convert() { "$built/pconv-convert" "$weights" -o "$folder/$1.pcm" --force --quiet "${@:2}"; }
convert f32
convert bf16 --precision bf16
convert int8 --precision int8 --calibrate "$folder/pictures"

ours=()
for tier in exact near fast; do ours+=(--ours "$tier=$folder/f32.pcm --tier $tier"); done
for precision in bf16 int8; do
  ours+=(--ours "$precision=$folder/$precision.pcm")
  ours+=(--ours "$precision fast=$folder/$precision.pcm --tier fast")
done
"$python" Tests/Benchmarks/peers.py --weights "$weights" --runner "$built/pconv-run" \
  --rounds "$rounds" "${ours[@]}"
"$python" Tests/Benchmarks/padding_resnet.py --runner "$built/pconv-run" \
  --converter "$built/pconv-convert" --rounds "$rounds"
