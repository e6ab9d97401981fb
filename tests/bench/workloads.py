# SPDX-License-Identifier: MIT
"""The files that are summed, and their expected sums.

They stay in a directory from one run to the next: NAME.csv and NAME.sums. NAME.MB.csv and NAME.MB.sums are their
first megabytes, for slow tools; NAME.xK.csv and NAME.xK.sums have the rows K times over. The sums are CPython's:
csv.reader and int(), in two processes.
"""
import csv
import io
import itertools
import multiprocessing
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
from reference import reference  # noqa: E402

NAMES = ('digits', 'narrow', 'wide', 'mixed', 'messy')
SMALL_ROWS = {'digits': 3000, 'narrow': 20000, 'wide': 200, 'mixed': 2000, 'messy': 2000}
MEGABYTE = 1_000_000
PIECE = 1 << 24


class Workload(NamedTuple):
    name: str
    csv: Path
    sums: Path

    @property
    def bytes(self) -> int:
        return self.csv.stat().st_size


def make(name: str, directory: Path, bin_dir: Path, is_small: bool) -> Workload:
    workload = Workload(name, directory / f'{name}.csv', directory / f'{name}.sums')
    generate = [str(bin_dir / 'generate_csv'), '--workload', name]
    if is_small:
        generate += ['--rows', str(SMALL_ROWS[name])]
    if not workload.csv.exists():
        print(f'making {workload.csv}', file=sys.stderr)
        unfinished = directory / 'unfinished'
        subprocess.run([*generate, '-o', unfinished], check=True)
        unfinished.rename(workload.csv)
    elif not begins_as(workload.csv, generate):
        sys.exit(f'{workload.csv} is not what {" ".join(generate)} makes; remove it, or name another --directory')
    if not workload.sums.exists() or workload.sums.stat().st_mtime < workload.csv.stat().st_mtime:
        print(f'making {workload.sums}', file=sys.stderr)
        unfinished = directory / 'unfinished'
        if is_small:
            unfinished.write_bytes(checked_sums(workload.csv))
        else:
            with open(unfinished, 'w') as out:
                write_sums(workload.csv, out)
        unfinished.rename(workload.sums)
    # Reads the file into the page cache.
    with open(workload.csv, 'rb', buffering=0) as file:
        while file.read(PIECE):
            pass
    return workload


def begins_as(path: Path, generate: list[str]) -> bool:
    with open(path, 'rb') as file, subprocess.Popen(generate, stdout=subprocess.PIPE) as process:
        expected = process.stdout.read(MEGABYTE)
        process.stdout.close()
        return file.read(MEGABYTE) == expected


def first_part(workload: Workload, megabytes: int) -> Workload:
    """The workload itself, if that is not much larger."""
    size = megabytes * MEGABYTE
    if workload.bytes <= size * 5 / 4:
        return workload
    part = Workload(workload.name, workload.csv.with_suffix(f'.{megabytes}.csv'),
                    workload.csv.with_suffix(f'.{megabytes}.sums'))
    if part.sums.exists() and part.sums.stat().st_mtime >= workload.sums.stat().st_mtime:
        return part
    with open(workload.csv, 'rb') as whole:
        text = whole.read(size)
    text = text[:text.rindex(b'\n') + 1]
    part.csv.write_bytes(text)
    lines = text.count(b'\n')
    with open(workload.sums, 'rb') as whole, open(part.sums, 'wb') as out:
        for _ in range(lines):
            out.write(whole.readline())
    return part


def repeated(workload: Workload, times: int) -> Workload:
    """The rows of the workload so many times over: the same sums again, with later indices."""
    if times == 1:
        return workload
    whole = Workload(f'{workload.name} x {times}', workload.csv.with_suffix(f'.x{times}.csv'),
                     workload.csv.with_suffix(f'.x{times}.sums'))
    if whole.sums.exists() and whole.sums.stat().st_mtime >= workload.sums.stat().st_mtime:
        return whole
    print(f'making {whole.csv}', file=sys.stderr)
    unfinished = workload.csv.with_name('unfinished')
    with open(whole.csv, 'wb') as out:
        for _ in range(times):
            with open(workload.csv, 'rb') as file:
                shutil.copyfileobj(file, out, PIECE)
    index = itertools.count()
    with open(unfinished, 'w') as out:
        for _ in range(times):
            with open(workload.sums) as file:
                out.writelines(f'{next(index)},{line.partition(",")[2]}' for line in file)
    unfinished.rename(whole.sums)
    return whole


# --- The reference ----------------------------------------------------------------------------------------------------

def checked_sums(path: Path) -> bytes:
    """The sums of tests/support/reference.py, with which the faster ones below must agree."""
    answer = reference(path.read_bytes())
    assert not answer.rejects and not answer.unterminated
    quick = io.StringIO()
    write_sums(path, quick)
    assert quick.getvalue().encode() == answer.lines, f'{path}: two references differ'
    return answer.lines


def write_sums(path: Path, out: io.TextIOBase) -> None:
    row = 0
    with multiprocessing.Pool(2) as pool:
        for sums in pool.imap(sums_of, pieces(path)):
            out.write(''.join([f'{index},{value}\n' for index, value in enumerate(sums, row)]))
            row += len(sums)


def pieces(path: Path) -> list[tuple[Path, int, int]]:
    """Ranges of bytes, each of which ends with a row. Generated files have no row ends within quotes."""
    found, begin, size = [], 0, os.path.getsize(path)
    with open(path, 'rb') as file:
        while begin < size:
            file.seek(begin + PIECE)
            file.readline()
            end = min(file.tell(), size)
            found.append((path, begin, end))
            begin = end
    return found


def sums_of(piece: tuple[Path, int, int]) -> list[int]:
    path, begin, end = piece
    with open(path, 'rb') as file:
        file.seek(begin)
        text = file.read(end - begin).decode('latin-1')
    return [sum(map(int, row)) for row in csv.reader(io.StringIO(text, newline=''))]
