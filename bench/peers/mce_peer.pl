#!/usr/bin/perl
# One round of a row with MCE: mce_peer.pl ROW SCALE prints one JSON line.
use strict;
use warnings;
use MCE::Map;
use Time::HiRes qw(time);

my ($row, $scale) = @ARGV;
my $full = $row eq 'map_ints' ? 1_000_000 : 10_000;
my $count = int($full / $scale);
$count = 1000 if $count < 1000;
MCE::Map->init(max_workers => 2, $row eq 'map_ints' ? () : (chunk_size => 1));
my @warm = mce_map { $_ + 1 } 1 .. 10;    # starts the workers
my @values = 1 .. $count;
my $begin = time;
my @results = mce_map { $_ + 1 } @values;
my $each = (time - $begin) / $count * 1e9;
die "wrong result\n" if $results[-1] != $count + 1;
MCE::Map->finish;
printf qq({"unit": "ns", "value": %.9g}\n), $each;
