# SPDX-License-Identifier: GPL-2.0-or-later
# The plots of tests/bench/spread, which sets `samples` and `plots`. Greys and colours that can be read
# on white and on black; no background.
set terminal svg size 680,380 fixed font 'sans-serif,14'
grey = '#808890'; blue = '#3d8bd4'; orange = '#d9822b'; green = '#3f9f5f'; red = '#d0505a'
set border 3 linecolor rgb grey
set tics nomirror textcolor rgb grey
set xlabel textcolor rgb grey
set ylabel textcolor rgb grey
set title textcolor rgb grey
set grid ytics linecolor rgb grey linewidth 0.3
set datafile commentschars '#'
unset key

set output plots.'/buckets.svg'
set title 'Buckets: the busiest node, at worst through two failures'
set xlabel 'nodes'
set ylabel 'more than an even share (%)'
set xrange [2:64]; set yrange [0:100]
set xtics (2, 8, 16, 24, 32, 40, 48, 56, 64)
set label 1 'one bucket for each node' at 34,87 textcolor rgb red
set label 2 "CLUSTERIP's 16, at best" at 16.8,60 textcolor rgb orange
set label 3 'as advised: 10 % at most' at 34,15 textcolor rgb blue
known(column) = column < 0 ? NaN : column
plot samples.'/buckets' using 1:(known($5)) with lines linewidth 2 linecolor rgb red, \
     samples.'/buckets' using 1:(known($9)) with linespoints pointtype 7 pointsize 0.4 linewidth 2 linecolor rgb orange, \
     samples.'/buckets' using 1:(known($3)) with lines linewidth 2 linecolor rgb blue
unset label 1; unset label 2; unset label 3

set output plots.'/clients.svg'
set title 'Clients: the busiest node, all nodes up, as many buckets as advised'
set xlabel 'clients (mode sourceip; connections in the modes with ports)'
set ylabel 'more than an even share (%)'
set logscale x
set xrange [9.9:50000]; set yrange [0:200]
set xtics ('10' 10, '100' 100, '1 000' 1000, '10 000' 10000)
set label 1 '64 nodes' at 900,112 textcolor rgb red
set label 2 '8 nodes' at 260,62 textcolor rgb orange
set label 3 '3 nodes' at 11,14 textcolor rgb blue
set label 4 'line: median; shade: up to the 95th percentile' at 48000,162 right textcolor rgb grey
set style fill transparent solid 0.25 noborder
plot samples.'/clients' using 1:6:7 with filledcurves linecolor rgb red, \
     samples.'/clients' using 1:4:5 with filledcurves linecolor rgb orange, \
     samples.'/clients' using 1:2:3 with filledcurves linecolor rgb blue, \
     samples.'/clients' using 1:6 with lines linewidth 2 linecolor rgb red, \
     samples.'/clients' using 1:4 with lines linewidth 2 linecolor rgb orange, \
     samples.'/clients' using 1:2 with lines linewidth 2 linecolor rgb blue
unset label 1; unset label 2; unset label 3; unset label 4
unset logscale x

set output plots.'/ceiling.svg'
set title 'What nodes add, where serving a packet is so much dearer than throwing it away'
set xlabel 'nodes'
set ylabel 'times what one node does'
set xrange [1:64]; set yrange [0:40]
set xtics (1, 8, 16, 24, 32, 40, 48, 56, 64)
set samples 200
cluster(n, ratio) = n * ratio / (n - 1 + ratio)
set label 1 '100 ×: ceiling at 100' at 45,27.5 textcolor rgb blue
set label 2 '20 ×: ceiling at 20' at 45,17 textcolor rgb green
set label 3 '5 ×: ceiling at 5' at 45,6.8 textcolor rgb red
set label 4 'no cost at all' at 22,31 right textcolor rgb grey
plot x with lines dashtype 2 linecolor rgb grey, \
     cluster(x, 100) with lines linewidth 2 linecolor rgb blue, \
     cluster(x, 20) with lines linewidth 2 linecolor rgb green, \
     cluster(x, 5) with lines linewidth 2 linecolor rgb red
