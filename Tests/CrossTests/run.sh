#!/usr/bin/env bash
# Builds the C kernels with their cross tests and runs them: `run.sh native` on this processor,
# `run.sh aarch64` under an emulator, which needs the Debian packages libc6-dev-arm64-cross,
# libgcc-12-dev-arm64-cross and qemu-user.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() { echo "usage: $0 native | aarch64" >&2; exit 2; }
[ $# -eq 1 ] || usage

# The instruction sets that must be among the tested ones.
case $1-$(uname -m) in
  native-x86_64) flags=() emulator=() wanted=(avx2 scalar) ;;
  native-aarch64) flags=() emulator=() wanted=(neon scalar) ;;
  aarch64-*)
    flags=(--target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include -fuse-ld=lld -static)
    emulator=(qemu-aarch64) wanted=(neon scalar) ;;
  *) usage ;;
esac

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
clang "${flags[@]}" -std=gnu11 -O2 -Wall -Wextra -Wpointer-arith -Werror -ISources/CKernels/include \
  Sources/CKernels/*/*.c Tests/CrossTests/*.c -o "$folder/cross-tests" -lm
"${emulator[@]}" "$folder/cross-tests" "${wanted[@]}"
