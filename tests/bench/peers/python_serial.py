# SPDX-License-Identifier: MIT
"""CPython alone, csv and int: python_serial.py IN > OUT"""
import csv
import sys

with open(sys.argv[1], newline='') as file:
    sys.stdout.writelines(f'{index},{sum(map(int, row))}\n' for index, row in enumerate(csv.reader(file)))
