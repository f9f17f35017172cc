#!/usr/bin/env bash
# check.sh MODE ARGUMENT...: one package test; see CMakeLists.txt, which also sets the environment.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die() {
  echo "$*" >&2
  exit 1
}

# runs COMMAND: it must print what main.cpp promises.
runs() {
  local output
  output=$("$@") || die "$* failed"
  [[ $output == "1 4 9" ]] || die "$* printed: $output"
}

# configure SOURCE BUILD ARGUMENT...
configure() {
  local source=$1 build=$2
  shift 2
  rm -rf "$build"
  "$CMAKE" -S "$source" -B "$build" -G "$GENERATOR" -DCMAKE_CXX_COMPILER="$CXX" \
    -DCMAKE_CXX_FLAGS="$CXXFLAGS" -DCMAKE_BUILD_TYPE="$BUILD_TYPE" \
    -DCMAKE_CXX_FLAGS_"${BUILD_TYPE^^}"="$BUILD_TYPE_FLAGS" "$@"
  "$CMAKE" --build "$build"
}

# check_install COMPONENT PREFIX: and Boost must not be needed by users of the package.
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

# It is compiled again: as fast as that goes.
check_add_subdirectory() {
  BUILD_TYPE_FLAGS+=" -O0"
  configure "$here/add_subdirectory" "$1" -DBROOD_ROOT="$ROOT" -DBROOD_WERROR="$WERROR"
  runs "$1/consumer"
}

check_pkg_config() {
  local flags
  rm -rf "$2"
  compile "$1" "$here/main.cpp" "$2/consumer"
  runs "$2/consumer"
  if wraps_main; then
    flags=$(pkg-config --cflags --libs brood-main)
    "$CXX" -std=c++20 $CXXFLAGS -o "$2/wrapped" "$here/wrapped.cpp" $flags
    runs "$2/wrapped"
  fi
}

# compile PREFIX SOURCE PROGRAM FLAG...: against the installed package.
compile() {
  local flags prefix=$1 source=$2 program=$3
  shift 3
  mkdir -p "$(dirname "$program")"
  export PKG_CONFIG_PATH=$prefix/$LIBDIR/pkgconfig LD_LIBRARY_PATH=$prefix/$LIBDIR
  flags=$(pkg-config --cflags --libs brood)
  "$CXX" -std=c++20 $CXXFLAGS "$@" -o "$program" "$source" $flags
}

# check_other_abi PREFIX WORK: the compiler or the linker names the switch that does not fit.
check_other_abi() {
  local flag
  declare -A message=(
    [-D_GLIBCXX_DEBUG]='program_is_compiled_with_GLIBCXX_DEBUG'
    [-D_GLIBCXX_USE_CXX11_ABI=0]='program_is_compiled_with_GLIBCXX_USE_CXX11_ABI_0'
    [-fno-exceptions]='brood needs exceptions'
    [-fno-rtti]='brood needs run-time type information'
  )
  for flag in "${!message[@]}"; do
    if compile "$1" "$here/main.cpp" "$2/consumer" "$flag" 2>"$2.log"; then die "$flag was accepted"; fi
    grep -q "${message[$flag]}" "$2.log" || { tail -n 30 "$2.log" >&2; die "$flag: no word of the cause"; }
  done
}

# check_symbols PREFIX: what other objects and modules can see.
check_symbols() {
  local file others
  for file in "$1/$LIBDIR"/libbrood.a "$1/$LIBDIR"/libbrood.so; do
    [[ -e $file ]] || continue
    if [[ $file == *.so ]]; then others=$(nm -DC --defined-only "$file"); else others=$(nm -gC --defined-only "$file"); fi
    others=$(sed -nE 's/^[0-9a-f]+ [A-Za-z] //p' <<<"$others" |
      grep -vE '^((non-)?virtual thunk to |(vtable|VTT|typeinfo|typeinfo name|guard variable) for |TLS (init|wrapper) function for )?brood::' || true)
    [[ -z $others ]] || die "$file shows names that are not brood's: $others"
  done
}

# fetch_boost FOLDER VERSION: Debian's headers of another Boost, without installing them.
check_fetch_boost() {
  [[ -e $1/usr/include/boost/version.hpp ]] && return
  command -v apt-get >/dev/null || exit 77
  mkdir -p "$1"
  (cd "$1" && apt-get download -qq "libboost$2-dev" && dpkg -x libboost"$2"-dev_*.deb .) || exit 77
}

# check_other_boost PREFIX WORK FOLDER: a program with another Boost, where one could be fetched to
# FOLDER, and with other macros for its.
check_other_boost() {
  local header=$3/usr/include/boost/version.hpp version
  if [[ -e $header ]]; then
    version=$(sed -n 's/^#define BOOST_VERSION //p' "$header")
    check_with "$1" "$2" "-isystem$3/usr/include" "-DEXPECTED_BOOST_VERSION=$version"
  else
    echo "no other Boost: its macros alone"
  fi
  check_with "$1" "$2" -DBOOST_ASIO_ENABLE_HANDLER_TRACKING
  check_with "$1" "$2" -DBOOST_ASIO_DISABLE_EPOLL
  check_with "$1" "$2" -DBOOST_ASIO_DISABLE_THREADS
}
check_with() {
  echo "${@:3}"
  compile "$1" "$here/other_boost.cpp" "$2/consumer" "${@:3}"
  runs timeout 60 "$2/consumer" 2>/dev/null
}

wraps_main() { [[ -e $ROOT/src/worker/wrap_main.cpp ]]; }

mode=$1
shift
"check_$mode" "$@"
