#!/usr/bin/env bash
# check.sh MODE ARGUMENT...: one package test; see CMakeLists.txt, which also sets the environment.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die() {
  echo "$*" >&2
  exit 1
}

# runs PROGRAM: it must print what main.cpp promises.
runs() {
  local output
  output=$("$1") || die "$1 failed"
  [[ $output == "1 4 9" ]] || die "$1 printed: $output"
}

# configure SOURCE BUILD ARGUMENT...
configure() {
  local source=$1 build=$2
  shift 2
  rm -rf "$build"
  "$CMAKE" -S "$source" -B "$build" -G "$GENERATOR" -DCMAKE_CXX_COMPILER="$CXX" \
    -DCMAKE_CXX_FLAGS="$CXXFLAGS" -DCMAKE_BUILD_TYPE="$BUILD_TYPE" "$@"
  "$CMAKE" --build "$build"
}

# check_install COMPONENT PREFIX: and Boost must not be needed by who uses the package.
check_install() {
  rm -rf "$2"
  "$CMAKE" --install "$BUILD_DIR" --component "$1" --prefix "$2"
  if grep -rniE 'boost|brood_warnings' "$2/$LIBDIR" --include='*.cmake' --include='*.pc'; then
    die "the package names what users must not need"
  fi
  if grep -rn -e "$ROOT" -e "$BUILD_DIR" -e "$2" "$2" --include='*.cmake' --include='*.pc' --include='*.hpp'; then
    die "the package names the place where it was made"
  fi
}

# check_find_package PREFIX WORK: from a moved copy, since a package must not depend on its place.
check_find_package() {
  rm -rf "$2"
  mkdir -p "$2"
  cp -a "$1" "$2/moved"
  configure "$here/find_package" "$2/build" -DCMAKE_PREFIX_PATH="$2/moved" \
    -DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON -DBROOD_MAIN="$(wraps_main && echo ON || echo OFF)"
  runs "$2/build/consumer"
  if wraps_main; then runs "$2/build/wrapped"; fi
}

check_add_subdirectory() {
  configure "$here/add_subdirectory" "$1" -DBROOD_ROOT="$ROOT" -DBROOD_WERROR="$WERROR"
  runs "$1/consumer"
}

check_pkg_config() {
  local flags
  rm -rf "$2"
  mkdir -p "$2"
  export PKG_CONFIG_PATH=$1/$LIBDIR/pkgconfig LD_LIBRARY_PATH=$1/$LIBDIR
  flags=$(pkg-config --cflags --libs brood)
  "$CXX" -std=c++20 $CXXFLAGS -o "$2/consumer" "$here/main.cpp" $flags
  runs "$2/consumer"
  if wraps_main; then
    flags=$(pkg-config --cflags --libs brood-main)
    "$CXX" -std=c++20 $CXXFLAGS -o "$2/wrapped" "$here/wrapped.cpp" $flags
    runs "$2/wrapped"
  fi
}

wraps_main() { [[ -e $ROOT/src/worker/wrap_main.cpp ]]; }

mode=$1
shift
"check_$mode" "$@"
