#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Draws traces of run_pipeline.sh --trace: see --help. Python takes a trace apart and writes a program for
# gnuplot, which draws it.
set -euo pipefail
shopt -s inherit_errexit
program=${0##*/}

die() {  # STATUS MESSAGE
  printf '%s: %s\n' "$program" "$2" >&2
  exit "$1"
}

help() {
  cat <<END
Usage: $program [OPTION]... TRACE... PICTURE
Draws what run_pipeline.sh --trace has written: a lane for each program and each place, a bar for
each batch, the deaths of workers, and waits. Several traces come one above the other, with the
same scale. PICTURE is FILE.svg or FILE.png.

  --title TEXT  what is written above a trace (default: its name); once for each trace, in order
  --width N     pixels (default: 860)
  --help        print this help and exit

Exit status: 0 drawn; 64 usage; 65 no trace; 66 no such trace; 71 gnuplot or python3 is missing;
73 the picture cannot be created.
END
}

titles=()
words=()
width=860
while (($#)); do
  case $1 in
    --title=* | --width=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;  # --option=value is --option value
  esac
  case $1 in
    --help) help; exit ;;
    --title | --width)
      (($# > 1)) || die 64 "option '$1' needs a value; try '$program --help'"
      if [[ $1 == --title ]]; then titles+=("$2"); else width=$2; fi
      shift ;;
    --) words+=("${@:2}"); break ;;
    -?*) die 64 "unrecognised option '$1'; try '$program --help'" ;;
    *) words+=("$1") ;;
  esac
  shift
done
((${#words[@]} >= 2)) || die 64 "a trace and a picture are needed; try '$program --help'"
[[ $width =~ ^[1-9][0-9]{2,3}$ ]] || die 64 "--width: '$width' is not 100 to 9999; try '$program --help'"
picture=${words[-1]}
unset 'words[-1]'
case $picture in
  *.svg) terminal=svg ;;
  *.png) terminal=pngcairo ;;
  *) die 64 "the picture '$picture' is neither .svg nor .png; try '$program --help'" ;;
esac
for tool in python3 gnuplot; do
  command -v "$tool" >/dev/null || die 71 "$tool is not installed"
done
plot=$(mktemp)
trap 'rm -f "$plot"' EXIT

python3 - "$program" "$terminal" "$width" "${#titles[@]}" "${titles[@]}" "${words[@]}" >"$plot" <<'END'
"""Writes a program for gnuplot, which draws on standard output."""
import json
import re
import sys

program, terminal, width, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
titles, paths = sys.argv[5:5 + count], sys.argv[5 + count:]

# What is drawn, from the bottom up, in two shades that alternate.
BATCH, SCAN, UNDONE = ('batch', 0x1f77b4, 0x5fa2ce), ('scan', 0xa6cbe6, 0xc4dcee), ('undone', 0xd62728, 0xd62728)
WAIT, WRITING, DEATH = ('waiting', 0xdddddd, 0xdddddd), ('writing', 0x2ca02c, 0x70c070), ('death', 0x222222, 0x222222)
KINDS = {'batch': BATCH, 'scan': SCAN, 'undone': UNDONE, 'waiting': WAIT, 'waiting for input': WAIT,
         'waiting for workers': WAIT, 'writing': WRITING, 'death': DEATH}


def fail(status, message):
    print(f'{program}: {message}', file=sys.stderr)
    sys.exit(status)


def events_in(path):
    """The events of a trace. Its end may be missing, and its last line may be cut."""
    try:
        with open(path, encoding='utf-8') as file:
            text = file.read()
    except OSError as error:
        fail(66, f'{path}: {error.strerror}')
    except UnicodeDecodeError:
        fail(65, f'{path}: no trace')
    is_closed = text.rstrip().endswith(']')
    events = text[:text.rindex(']')] if is_closed else text[:text.rfind('\n') + 1]
    for whole in text, events.rstrip().rstrip(',') + ']':
        try:
            events = json.loads(whole)
            assert isinstance(events, list)
            return [event for event in events if isinstance(event, dict)]
        except (ValueError, AssertionError):
            pass
    fail(65, f'{path}: no trace')


class Trace:
    def __init__(self, path, title):
        events = events_in(path)
        self.title = title
        names = {(event['pid'], event['tid']): event['args']['name'] for event in events
                 if event.get('name') == 'thread_name'}
        if not names:
            fail(65, f'{path}: no trace')
        ids = sorted(names)  # p1_read, the places, p3_write
        self.lanes = [names[lane] for lane in ids]
        # Kind, lane, begin and end in seconds.
        self.bars = [(KINDS[event['name']], ids.index((event['pid'], event['tid'])), event['ts'] / 1e6,
                      (event['ts'] + event.get('dur', 0)) / 1e6)
                     for event in events if event.get('ph') in 'Xi' and event.get('name') in KINDS]
        self.bars.sort(key=lambda bar: bar[1:])
        self.end = max((bar[3] for bar in self.bars), default=0)

    def merged(self, least):
        """The bars. Those that begin less than `least` after one of the same kind become a part of it, and waits
        that begin less than `least` after the end of one."""
        merged = []
        for kind, lane, begin, end in self.bars:
            last = merged[-1] if merged else None
            since = last and last[3 if kind is WAIT else 2]
            if last and kind is not DEATH and last[:2] == [kind, lane] and begin < since + least:
                last[3] = max(last[3], end)
            else:
                merged.append([kind, lane, begin, end])
        return merged


def quoted(text):
    return "'" + re.sub(r'[\x00-\x1f]', '?', text).replace("'", "''") + "'"


def draw(number, trace, end, kinds, is_last):
    lines = {kind[0]: [] for kind in kinds}
    shades = {}
    for kind, lane, begin, stop in trace.merged(end / width / 2):
        shades[kind, lane] = shade = 3 - shades.get((kind, lane), 2)
        lines[kind[0]].append(f'{begin:.6f} {stop:.6f} {-lane} {kind[shade]}')
    print(f'set title {quoted(trace.title)} noenhanced offset 0,-0.6')
    print('set ytics (' + ', '.join(f'{quoted(lane)} {-i}' for i, lane in enumerate(trace.lanes)) + ') noenhanced')
    print(f'set yrange [{0.6 - len(trace.lanes)}:0.6]')
    print("set xlabel 'seconds' offset 0,0.5" if is_last else 'unset xlabel')
    print('unset key' if number else
          f'set key at screen 0.98,{1 - 12 / total:.4f} horizontal right reverse Left samplen 1')
    plots = []
    for kind in kinds:
        name, colour = kind[0], f'#{kind[1]:06x}'
        print(f'$bars{number}_{name} << END', *(lines[name] or ['NaN NaN NaN 0']), 'END', sep='\n')
        if kind is DEATH:
            plots.append(f"$bars{number}_{name} using 1:3 with points pointtype 2 pointsize 1 linewidth 2.5 "
                         f"linecolor '{colour}' title '{name}'")
        else:
            plots.append(f'$bars{number}_{name} using 1:3:1:2:($3-0.38):($3+0.38):4 with boxxyerror fillstyle solid '
                         'noborder linecolor rgb variable notitle')
            plots.append(f"NaN with boxes fillstyle solid noborder linecolor '{colour}' title '{name}'")
    print('plot ' + ', '.join(plots))


traces = [Trace(path, title) for path, title in zip(paths, titles + paths[len(titles):])]
end = max(trace.end for trace in traces) or 1
kinds = [kind for kind in (WAIT, SCAN, BATCH, WRITING, UNDONE, DEATH)
         if any(bar[0] is kind for trace in traces for bar in trace.bars)]
heights = [len(trace.lanes) * (24 if len(trace.lanes) <= 20 else 14) for trace in traces]
KEY, TITLE, SCALE, LABEL = 28, 32, 28, 24  # pixels
total = KEY + sum(TITLE + height + SCALE for height in heights) + LABEL
print(f"set terminal {terminal} size {width},{total} font 'sans-serif,12' background '#ffffff'")
print(f"set multiplot\nset border 1 linecolor '#888888'\nset xrange [0:{end:.6f}]")
print("set xtics nomirror out textcolor '#222222'\nset ytics scale 0 textcolor '#222222'\nset samples 2")
print("set grid xtics linecolor '#dddddd' linetype 1")
print(f'set lmargin at screen {90 / width:.4f}\nset rmargin at screen {1 - 20 / width:.4f}')
top = total - KEY
for number, (trace, height) in enumerate(zip(traces, heights)):
    top -= TITLE
    print(f'set tmargin at screen {top / total:.6f}\nset bmargin at screen {(top - height) / total:.6f}')
    draw(number, trace, end, kinds, number == len(traces) - 1)
    top -= height + SCALE
print('unset multiplot')
END

: 2>/dev/null >"$picture" || die 73 "$picture: cannot be created"
message=$(gnuplot "$plot" 2>&1 >"$picture") || die 71 "gnuplot: ${message//$'\n'/ }"
[[ ! $message ]] || die 71 "gnuplot: ${message//$'\n'/ }"
