# SPDX-License-Identifier: MIT
# How fast n processors could be: a panel for each workload. scaling.py calls it with `directory` (a
# file for each workload: n, the suite, DuckDB, Polars, GNU parallel, what was measured) and `svg`.
set terminal svg size 860,640 font 'sans-serif,13' background '#ffffff'
set output svg
set datafile separator '\t'
set logscale xy
set xrange [0.9:72]
set yrange [1:100000]
set xtics (1, 2, 4, 8, 16, 32, 64) nomirror out textcolor '#222222'
set ytics ('1' 1, '10' 10, '100' 100, '1,000' 1000, '10,000' 10000, '100,000' 100000) nomirror out
set grid xtics ytics linecolor '#dddddd' linetype 1
set border 3 linecolor '#888888'
set style line 1 linecolor '#1f77b4' linewidth 2
set style line 2 linecolor '#d95f02' linewidth 1.5
set style line 3 linecolor '#2ca02c' linewidth 1.5
set style line 4 linecolor '#7570b3' linewidth 1.5
set style line 5 linecolor '#1f77b4' pointtype 7 pointsize 0.9
set multiplot layout 2,2 margins 0.09,0.98,0.10,0.95 spacing 0.09,0.14
do for [workload in 'digits narrow wide mixed'] {
  file = directory.'/'.workload
  set title workload offset 0,-0.6
  if (workload eq 'digits') { set key bottom right samplen 1.5 spacing 0.9 font ',11' } else { unset key }
  if (workload eq 'wide' || workload eq 'mixed') { set xlabel 'processors' } else { unset xlabel }
  if (workload eq 'digits' || workload eq 'wide') { set ylabel 'MB/s' offset 1,0 } else { unset ylabel }
  plot file using 1:2 with lines linestyle 1 title 'launcher, from its CPU time', \
       file using 1:6 with points linestyle 5 title 'measured', \
       file using 1:3 with lines linestyle 2 title 'DuckDB', \
       file using 1:4 with lines linestyle 3 title 'Polars', \
       file using 1:5 with lines linestyle 4 title 'GNU parallel'
}
