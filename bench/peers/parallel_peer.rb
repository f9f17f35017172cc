# One round of a row with the gem parallel: parallel_peer.rb ROW SCALE prints one JSON line.
# It starts its processes anew for each map, and sends one element at a time.
require 'parallel'

count = [(20_000 / ARGV[1].to_f).to_i, 500].max
now = -> { Process.clock_gettime(Process::CLOCK_MONOTONIC) }
start = now.call
results = Parallel.map((1..count).to_a, in_processes: 2) { |x| x + 1 }
each = (now.call - start) / count * 1e9
raise 'wrong result' if results.last != count + 1

puts format('{"unit": "ns", "value": %.9g}', each)
