#!/bin/sh
# Builds the library, generates the Python binding from it, and tests that against the real server process.
# Needs Rust and python3. With `--keep DIR` the binding and the library stay in DIR, to try by hand.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"

if [ "${1:-}" = "--keep" ]; then
    binding=${2:?"--keep needs a directory"}
    mkdir -p "$binding"
    binding=$(cd "$binding" && pwd)
else
    binding=$(mktemp -d)
    trap 'rm -rf "$binding"' EXIT
fi

cargo build --quiet -p veldboek-mobile --lib
cargo build --quiet -p veldboek-server --bins
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
case "$(uname -s)" in
Darwin) library=libveldboek_mobile.dylib ;;
*) library=libveldboek_mobile.so ;;
esac
# The generator's own build makes the library anew, with the generator in it; the phone's is the one before.
cp "$target/debug/$library" "$binding/"

cargo run --quiet -p veldboek-mobile --features bindgen --bin uniffi-bindgen -- \
    generate --library "$binding/$library" --language python --out-dir "$binding"

PYTHONPATH="$binding" PYTHONDONTWRITEBYTECODE=1 VELDBOEK_SERVER="$target/debug/veldboek-server" \
    python3 "$root/mobile-bindings/python/test_field_book.py"
