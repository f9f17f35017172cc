#!/bin/sh
# One round of a row with GNU parallel: parallel_peer.sh ROW SCALE prints one JSON line: the time for
# each process that it starts, two at a time.
count=$(awk -v scale="$2" 'BEGIN { n = int(200 / scale); print n < 20 ? 20 : n }')
begin=$(date +%s%N)
seq "$count" | parallel -j2 true
end=$(date +%s%N)
awk -v t=$((end - begin)) -v n="$count" 'BEGIN { printf "{\"unit\": \"us\", \"value\": %.9g}\n", t / n / 1000 }'
