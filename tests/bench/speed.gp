# SPDX-License-Identifier: MIT
# The chart of the READMEs: MB/s by tool, a column of dots for each workload. report.py calls it with
# `data` (name, digits, narrow, wide, mixed, messy), `svg`, and the rows of the suite, from `first` to `last`.
set terminal svg size 860,560 font 'sans-serif,13' background '#ffffff'
set output svg
set title "How fast each tool sums the rows of a file\n{/*0.85 shaded: this suite; \
in brackets: how much it read, if not all of each file}"
set datafile separator '\t'
set logscale x
set xrange [*:20000]
set format x '%.0f'
set xlabel 'MB/s, right sums only'
set xtics nomirror out textcolor '#222222'
set grid xtics ytics linecolor '#dddddd' linetype 1
set border 1 linecolor '#888888'
stats data using 2 nooutput
set yrange [-0.6 : STATS_records + STATS_invalid - 0.4]
set ytics scale 0 textcolor '#222222'
set object rectangle from graph 0, first (first - 0.5) to graph 1, first (last + 0.5) behind \
  fillcolor '#fff0c2' fillstyle solid noborder
set key bottom right samplen 1 spacing 1.2
set style line 1 linecolor '#1f77b4' pointtype 7 pointsize 1
set style line 2 linecolor '#d95f02' pointtype 5 pointsize 0.9
set style line 3 linecolor '#2ca02c' pointtype 9 pointsize 1.1
set style line 4 linecolor '#7570b3' pointtype 13 pointsize 1.2
set style line 5 linecolor '#666666' pointtype 6 pointsize 1
plot data using 2:0:ytic(1) with points linestyle 1 title 'digits', \
     data using 3:0 with points linestyle 2 title 'narrow', \
     data using 4:0 with points linestyle 3 title 'wide', \
     data using 5:0 with points linestyle 4 title 'mixed', \
     data using 6:0 with points linestyle 5 title 'messy'
