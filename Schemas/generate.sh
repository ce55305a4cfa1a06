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
protoc-c --c_out="$work" pcm.proto
if [ "${1:-}" = --check ]; then
  cmp "$work/pcm.pb-c.c" "$target/pcm.pb-c.c"
  cmp "$work/pcm.pb-c.h" "$target/include/pcm.pb-c.h"
else
  cp "$work/pcm.pb-c.c" "$target/"
  cp "$work/pcm.pb-c.h" "$target/include/"
fi
