#!/usr/bin/env bash
# check.sh PROGRAM: a client of tcp_server, and the end of the server in the midst of a request.
set -uo pipefail
program=$1

fail() {
  printf 'tcp_server: %s\n' "$*"
  [[ -z ${server_PID-} ]] || kill "$server_PID" 2>/dev/null
  exit 1
}

# The descriptors of a coprocess are closed when it ends; these stay.
coproc server { exec "$program"; }
pid=$server_PID
exec 8<&"${server[0]}"
read -r -t 60 word port <&8 && [[ $word == port ]] || fail "tells no port"

connect() { eval "exec $1<>/dev/tcp/127.0.0.1/$port" || fail "refuses a connection"; }
close() { eval "exec $1>&-"; }
send() { printf '%s\n' "$2" >&"$1"; }
# expect DESCRIPTOR REPLY
expect() {
  local reply
  IFS= read -r -t 60 reply <&"$1" || fail "does not answer"
  [[ $reply == "$2" ]] || fail "answers $reply, not $2"
}

connect 3
send 3 'primes 100'
expect 3 25
send 3 'crash'
expect 3 crashed
send 3 'divisors 7'
expect 3 'error: this is no request: divisors 7'

# Others are served while one waits, and those of one connection in their order.
connect 4
send 4 'sleep'
connect 5
send 5 'primes 10'
send 5 'primes 20'
expect 5 4
expect 5 8
expect 4 timeout
send 4 'primes 30'
expect 4 10

# Clients that leave: in the midst of a request, and before the answer.
connect 6
printf 'prim' >&6
close 6
connect 6
send 6 'primes 1000'
close 6
send 3 'primes 1000'
expect 3 168

send 3 'sleep'
send 4 'primes 2000'
expect 4 303
kill -TERM "$pid"
read -r -t 60 line <&8 || fail "does not say that it has stopped"
[[ $line =~ ^stopped\ after\ (9|10)\ answers$ ]] || fail "says $line"
wait "$pid" || fail "ended with $?"
IFS= read -r -t 60 reply <&3 && fail "answers after its end"
exit 0
