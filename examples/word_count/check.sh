#!/usr/bin/env bash
# check.sh PROGRAM: word_count on directories with everything in them that is no plain text file.
set -uo pipefail
program=$1
work=$(mktemp -d)
trap 'chmod -R u+rwx "$work"; rm -rf "$work"' EXIT

# Root may read everything: where possible another user counts.
run=()
if [[ $(id -u) == 0 ]]; then
  chmod 755 "$work"
  other=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  if "${other[@]}" "$program" --help >/dev/null 2>&1; then run=("${other[@]}"); fi
fi

fail() {
  printf 'word_count %s: %s\n' "$1" "$2"
  cat "$work.out" "$work.err"
  exit 1
}
# check STATUS OUT ERR ARGUMENT...: OUT and ERR are regular expressions for a line each; - is nothing.
check() {
  local status=$1 out=$2 err=$3
  shift 3
  timeout 60 ${run[@]+"${run[@]}"} "$program" "$@" >"$work.out" 2>"$work.err" </dev/null
  local ended=$?
  [[ $ended == "$status" ]] || fail "$*" "ended with $ended, not $status"
  if [[ $out == - ]]; then [[ ! -s $work.out ]] || fail "$*" "prints something"
  else grep -qE "$out" "$work.out" || fail "$*" "does not print $out"; fi
  # A bar leaves its last line there.
  if [[ $err == - ]]; then ! grep -qvE '(%| 0) .*in [0-9:]+$' "$work.err" || fail "$*" "complains"
  else grep -qE "$err" "$work.err" || fail "$*" "does not say $err"; fi
}

mkdir -p "$work/odd/sub/empty"
printf 'one two two\nthree\n' >"$work/odd/text"
: >"$work/odd/nothing"
head -c 3000000 "$program" >"$work/odd/binary"
head -c 2000000 /dev/zero | tr '\0' 'a' >"$work/odd/sub/one-long-run"
printf 'name' >"$work/odd/a name with spaces"
printf 'newline' >"$work/odd/a"$'\n'"newline"
mkfifo "$work/odd/fifo"
perl -MSocket -e 'socket(my $s, PF_UNIX, SOCK_STREAM, 0); bind($s, sockaddr_un(shift))' \
  "$work/odd/socket" 2>/dev/null
ln -s . "$work/odd/loop"
ln -s missing "$work/odd/dangling"
ln -s ../.. "$work/odd/sub/up"

for method in fork forkserver spawn; do
  check 0 '^6 files, 50000[0-9][0-9] bytes' - "$work/odd" --method $method --workers 2
done
check 0 'fork .* yes$' 'single process 100% 6/6 ' "$work/odd" --compare --workers 2
for method in fork forkserver spawn; do
  sabotaged=("$work/odd" --method $method --sabotage --workers 2)
  check 0 '^6 files, 50000[0-9][0-9] bytes' - "${sabotaged[@]}"
  check 0 '^survived: worker [A-Za-z]+PoolWorker-.* died by signal 11 ' - "${sabotaged[@]}"
  check 0 '^survived: .* limit of 1 s; worker [A-Za-z]+PoolWorker-.* was stopped' - "${sabotaged[@]}"
done
check 0 '^sabotaged .* yes$' - "$work/odd" --compare --sabotage --workers 3
mkdir -m 777 "$work/traces"
for form in html json; do
  check 0 "^timeline: .*run.$form" - "$work/odd" --sabotage --workers 2 --trace "$work/traces/run.$form"
  [[ -s $work/traces/run.$form ]] || fail "--trace" "writes no file"
done
grep -q '"outcome":"worker lost"' "$work/traces/run.json" || fail "--trace" "has no crash"
check 1 - 'trace' "$work/odd" --trace "$work/missing/run.html"
check 2 - 'html' "$work/odd" --trace run.txt
check 0 '^0 files, 0 bytes, 0 words, 0 distinct' - "$work/odd/sub/empty"
check 0 '^0 files' - "$work/odd/sub/empty" --compare

printf 'secret\n' >"$work/odd/closed"
mkdir "$work/odd/closed-directory"
chmod 0 "$work/odd/closed" "$work/odd/closed-directory"
if ! ${run[@]+"${run[@]}"} cat "$work/odd/closed" >/dev/null 2>&1; then
  check 0 '^6 files' 'closed: Permission denied' "$work/odd"
  check 0 '^6 files' 'closed-directory: Permission denied' "$work/odd" --compare
  check 2 - 'Permission denied' "$work/odd/closed-directory"
fi

check 2 - 'No such file or directory' "$work/missing"
check 2 - 'Not a directory' "$work/odd/text"
check 2 - 'at least|workers' "$work/odd" --workers 0
check 2 - 'workers' "$work/odd" --workers 1000000
check 2 - 'method' "$work/odd" --method thread
check 2 - 'workers.*(two|convert)' "$work/odd" --workers two
check 2 - 'workers.*range' "$work/odd" --workers=-1
check 2 - 'top' "$work/odd" --top many
check 2 - 'top' "$work/odd" --top=-3
check 2 - 'DIR' --top 3
check 0 '^  --sabotage' - --help
rm -f "$work.out" "$work.err"
