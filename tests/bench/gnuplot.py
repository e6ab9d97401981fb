# SPDX-License-Identifier: MIT
"""Draws the charts, if gnuplot is installed."""
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def draw(script: str, **variables: object) -> None:
    settings = '; '.join(f'{name} = "{value}"' for name, value in variables.items())
    try:
        subprocess.run(['gnuplot', '-e', settings, HERE / script], check=True)
    except FileNotFoundError:
        print('run.sh: no chart without gnuplot (--install gets it)', file=sys.stderr)
