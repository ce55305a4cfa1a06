#!/bin/sh
# Regenerates the C sources of the schemas (Debian package protobuf-c-compiler 1.4.1).
#
#   Schemas/generate.sh          writes Sources/CModelSchema
#   Schemas/generate.sh --check  compares instead; fails when the committed files differ
set -eu
cd "$(dirname "$0")"
target=../Sources/CModelSchema
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for schema in pcm onnx; do
  protoc-c --c_out="$work" "$schema.proto"
  if [ "${1:-}" = --check ]; then
    cmp "$work/$schema.pb-c.c" "$target/$schema.pb-c.c"
    cmp "$work/$schema.pb-c.h" "$target/include/$schema.pb-c.h"
  else
    cp "$work/$schema.pb-c.c" "$target/"
    cp "$work/$schema.pb-c.h" "$target/include/"
  fi
done
