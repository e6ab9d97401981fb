# SPDX-License-Identifier: MIT
"""Processes with two queues and stop messages: python_queue.py IN > OUT

One process reads, WORKERS processes sum, and this process puts the sums in order and writes them. The queues are
bounded.
"""
import multiprocessing
import sys

from chunks import WORKERS, chunks, sums, write

STOP = None


def read(path: str, work: multiprocessing.Queue) -> None:
    for number, chunk in enumerate(chunks(path)):
        work.put((number, chunk))
    for _ in range(WORKERS):
        work.put(STOP)


def work_off(work: multiprocessing.Queue, done: multiprocessing.Queue) -> None:
    while (item := work.get()) is not STOP:
        number, chunk = item
        done.put((number, sums(chunk)))
    done.put(STOP)


def main() -> None:
    work: multiprocessing.Queue = multiprocessing.Queue(4 * WORKERS)
    done: multiprocessing.Queue = multiprocessing.Queue(4 * WORKERS)
    processes = [multiprocessing.Process(target=read, args=(sys.argv[1], work))]
    processes += [multiprocessing.Process(target=work_off, args=(work, done)) for _ in range(WORKERS)]
    for process in processes:
        process.start()
    early, next_number, index, stopped = {}, 0, 0, 0
    while stopped < WORKERS:
        if (item := done.get()) is STOP:
            stopped += 1
            continue
        early[item[0]] = item[1]
        while next_number in early:
            index = write(sys.stdout, index, early.pop(next_number))
            next_number += 1
    for process in processes:
        process.join()


if __name__ == '__main__':
    main()
