#!/bin/sh
# Runs the delegate's tests with AddressSanitizer and UndefinedBehaviorSanitizer, and fuzzes its preparation step.
#
#   tools/sanitize_delegate.sh [seconds of fuzzing, 60 by default]
#
# Needs g++ and, in the Python that PYTHON names (python3 by default), what the tests need. Works in a copy, so that the
# library in use stays as it is.
set -eu

python=${PYTHON:-python3}
root=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

cp -r "$root/larq_focal" "$root/benchmarks" "$root/docs" "$root/tests" "$root/tflite_models" "$root/tools" "$root/zoo" "$root"/setup.* "$root/pyproject.toml" "$root/README.md" "$root/LICENSE" "$copy"
rm -f "$copy"/larq_focal/delegate/*.so
cd "$copy"

flags="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g"
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1

echo "== fuzzing =="
g++ $(cat larq_focal/delegate/compile_flags.txt) $flags -o fuzz tools/fuzz_delegate.cc tools/counted_allocations.cc \
    $(find larq_focal/delegate -name '*.cc' ! -path '*/litert/*')
./fuzz "${1:-60}"

echo "== tests =="
CXX="g++ $flags" "$python" setup.py -q build_ext --inplace
grep -q __asan_ larq_focal/delegate/*.so || { echo "The delegate was compiled without its sanitizers."; exit 1; }
# The sanitizers must be loaded before everything else, and the C++ library before they look for its functions.
LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libubsan.so) $(g++ -print-file-name=libstdc++.so.6)" \
    PYTHONPATH=. "$python" -m pytest -q -p no:cacheprovider -m "not slow" tests/delegate
