# SPDX-License-Identifier: MIT
# How fast a cluster could be, from CPU time that was measured on one machine. cluster.py calls it with `directory` (a
# file for each panel: nodes, merged, not merged, nodes like this machine's processors, what was measured; and a file of
# labels: nodes, GB/s, what is the bound there), `names` (of the panels, with | between them), `cores` (of a node),
# `assumed` (the rest of what the lines assume) and `svg`.
set terminal svg size 1000,440 font 'sans-serif,13' background '#ffffff'
set output svg
set datafile separator '\t'
set logscale xy
set xrange [0.9:1200]
set yrange [0.04:120]
set xtics (1, 10, 100, '1,000' 1000) nomirror out textcolor '#222222'
set ytics ('0.1' 0.1, '1' 1, '10' 10, '100' 100) nomirror out
set grid xtics ytics linecolor '#dddddd' linetype 1
set border 3 linecolor '#888888'
set style line 1 linecolor '#1f77b4' linewidth 2
set style line 2 linecolor '#1f77b4' linewidth 1.5 dashtype '-'
set style line 3 linecolor '#d95f02' linewidth 1.5
set style line 4 linecolor '#d95f02' pointtype 7 pointsize 0.9
set xlabel 'nodes' offset 0,0.4
set multiplot layout 1,3 margins 0.07,0.98,0.13,0.80 spacing 0.05 title "How fast a cluster could be\n\
{/*0.85 blue: nodes of ".cores." processors, ".assumed."; \
orange: a processor of this machine is a node; grey: what takes the most time}"
do for [number = 0:2] {
  file = directory.'/'.number
  set title system("echo '".names."' | cut -d'|' -f".(number + 1)) offset 0,-0.6
  if (number == 0) { set key bottom right samplen 1.5 spacing 0.9 font ',11' } else { unset key }
  if (number == 0) { set ylabel 'GB/s of input' offset 1,0 } else { unset ylabel }
  plot file using 1:2 with lines linestyle 1 title 'nodes of '.cores.' processors, merged', \
       file using 1:3 with lines linestyle 2 title 'the same, parts left as they are', \
       file using 1:4 with lines linestyle 3 title 'processors of this machine, merged', \
       file using 1:5 with points linestyle 4 title 'measured', \
       file.'.bounds' using 1:2:3 with labels right offset 0,0.7 font ',11' textcolor '#555555' notitle
}
