# SPDX-License-Identifier: MIT
"""The figures of the benchmark, in memory and on disk."""
from pathlib import Path


class Results:
    """Figures by workload, name and quantity, kept as lines of TSV: WORKLOAD NAME QUANTITY VALUE."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str, str], str] = {}

    def add(self, workload: str, name: str, quantity: str, value: object) -> None:
        self.values[workload, name, quantity] = f'{value:.5g}' if isinstance(value, float) else str(value)

    def text(self, workload: str, name: str, quantity: str) -> str:
        return self.values.get((workload, name, quantity), '')

    def number(self, workload: str, name: str, quantity: str) -> float | None:
        value = self.text(workload, name, quantity)
        return float(value) if value else None

    def save(self, path: Path) -> None:
        path.write_text(''.join('\t'.join((*key, value)) + '\n' for key, value in self.values.items()))

    @classmethod
    def load(cls, path: Path) -> 'Results':
        results = cls()
        for line in path.read_text().splitlines():
            *key, value = line.split('\t')
            results.values[tuple(key)] = value
        return results
