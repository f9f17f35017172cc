#!/bin/bash
# check_commands.sh PROGRAM PAGE: runs each ```sh block of the page, and looks for what the comment in front of it expects.
# A command whose tool is not installed, or not allowed here, is left out with a note.
set -u
program=$1 page=$2
folder=$(mktemp -d)
cd "$folder" || exit 1
jobs_to_end=()
end_jobs() {
  for job in "${jobs_to_end[@]}"; do
    disown "$job"
    kill -KILL "$job" 2>/dev/null
  done
  rm -rf "$folder"
}
trap end_jobs EXIT
failed=0 ran=0

# The tool of a command: its first word that is no assignment.
tool_of() {
  local word
  for word in $1; do
    case $word in *=*) ;; *) echo "$word"; return ;; esac
  done
}
saved_file() {
  [ -n "$(ls saved 2>/dev/null)" ] || BROOD_SAVE_FAILED=saved "$program" throw >/dev/null
  ls -d "$PWD"/saved/* | head -n 1
}
worker_that_hangs() {
  if [ ! -s pid ]; then
    "$program" hang >pid &
    jobs_to_end+=($!)
    for _ in $(seq 600); do [ -s pid ] && break; sleep 0.1; done
  fi
  cat pid
}
core_file() { ls -d "$PWD"/core* 2>/dev/null | head -n 1; }

run_block() {
  local expected=$1 command=$2 tool output
  tool=$(tool_of "$command")
  if [[ $tool != ./* && $tool != ulimit ]] && ! command -v "$tool" >/dev/null; then
    echo "left out, $tool is not installed: $command"
    return
  fi
  if [[ $command == *FILE* ]]; then command=${command//FILE/$(saved_file)}; fi
  if [[ $command == *PID* ]]; then worker_that_hangs >/dev/null; command=${command//PID/$(cat pid)}; fi
  if [[ $command == *CORE* ]]; then
    if [ -z "$(core_file)" ]; then
      echo "left out, this system writes no core files here: $command"
      return
    fi
    command=${command//CORE/$(core_file)}
  fi
  output=$(timeout 100 bash -c "${command//.\/program/$program}" 2>&1)
  if [[ $output == *"ptrace: Operation not permitted"* || $output == *"Could not trace the inferior"* ]]; then
    echo "left out, no process may be traced here: $command"
    return
  fi
  if [[ $output == *perf_event_paranoid* || $output == *"perf not found"* ]]; then
    echo "left out, nothing may be measured here: $command"
    return
  fi
  ran=$((ran + 1))
  if ! grep -qE -- "$expected" <<<"$output"; then
    echo "FAILED: $command"
    echo "  expected: $expected"
    tail -n 40 <<<"$output"
    failed=1
  fi
}

expected= command= inside=0
while IFS= read -r line; do
  case $line in
    '<!-- expect: '*) expected=${line#<!-- expect: }; expected=${expected% -->} ;;
    '```sh') inside=1 command= ;;
    '```')
      if [ $inside = 1 ]; then
        [ -n "$expected" ] || { echo "FAILED: nothing is expected of: $command"; failed=1; }
        [ -n "$expected" ] && run_block "$expected" "$command"
      fi
      inside=0 expected= ;;
    *) [ $inside = 1 ] && command+=${command:+$'\n'}$line ;;
  esac
done <"$page"
echo "$ran commands ran"
[ $ran -gt 3 ] || failed=1
exit $failed
