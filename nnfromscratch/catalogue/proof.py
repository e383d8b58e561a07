"""The proof: right gradients pass at every case, planted faults do not.

A false alarm is a right gradient that was called wrong; a miss is a wrong one that was accepted. Neither may be. It may
be that a case cannot be checked: where rounding of a large y drowns what x adds, no difference shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nnfromscratch import kernels
from nnfromscratch.catalogue import LAYERS, OPERATIONS
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.planted import Planted, general, mistakes
from nnfromscratch.gradcheck import Report

ANY = "any"  # stands for the kernels where an entry uses none


@dataclass(frozen=True)
class Row:
    """What was found for one entry on one set of kernels.

    cases, elements, worst: how many right gradients were checked at how many elements (and directions), and the worst
    relative error.   alarms: the cases called wrong.   unclear: those that could not be checked.   planted, missed:
    how many faults, and those that passed.
    """

    name: str
    kernels: str
    cases: int
    elements: int
    worst: float
    alarms: tuple[str, ...]
    unclear: tuple[str, ...]
    planted: int
    missed: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Neither a false alarm nor a miss."""
        return not self.alarms and not self.missed


def faults(entry: Entry, kernel_set: str, quick: bool = False) -> list[Planted]:
    """What is planted in an entry; with ``quick`` only its own mistakes."""
    every = [*mistakes(entry), *([] if quick else general(entry))]
    return [fault for fault in every if not (fault.large and kernel_set == "loops")]


def prove(
    entry: Entry,
    sets: Sequence[str] = kernels.SETS,
    *,
    seed: int = 0,
    randoms: int = 10,
    quick: bool = False,
    tick: Callable[[], object] = lambda: None,
) -> Iterator[Row]:
    """A row for each set of kernels, or one for an entry that uses none.

    ``randoms`` arguments are drawn beside the named cases. Faults lie above the kernels: they are planted once, in the
    last set. ``tick`` is called after each check.
    """
    chosen = list(sets) if entry.kernels else [sets[-1]]
    for name in chosen:
        checked: list[tuple[str, Report]] = []
        missed, planted = [], faults(entry, name, quick) if name == chosen[-1] else []
        with kernels.use(name):
            for case in entry.cases:
                if not (case.large and name == "loops"):
                    arguments = case.make(np.random.default_rng(seed))
                    checked.append((case.name, entry.check(arguments, np.random.default_rng(seed))))
                tick()
            for k in range(randoms):
                checked.append((f"random {k}", random_report(entry, seed + k)))
                tick()
            for fault in planted:
                if fault.report(np.random.default_rng(seed)).passed:
                    missed.append(fault.name)
                tick()
        yield Row(
            entry.name,
            name if entry.kernels else ANY,
            len(checked),
            sum(argument.checks for _, report in checked for argument in report.arguments),
            max(argument.worst_relative_error for _, report in checked for argument in report.arguments),
            tuple(case for case, report in checked if is_alarm(report)),
            tuple(case for case, report in checked if not report.passed and not is_alarm(report)),
            len(planted),
            tuple(missed),
        )


def ticks(entry: Entry, sets: Sequence[str], randoms: int, quick: bool) -> int:
    """How often ``prove`` will tick."""
    return (len(sets) if entry.kernels else 1) * (len(entry.cases) + randoms) + len(faults(entry, sets[-1], quick))


def is_alarm(report: Report) -> bool:
    """Whether the gradient was called wrong; a report may also say that nothing can be told."""
    return report.diagnosis is not None and report.diagnosis.kind != "inconclusive"


def random_report(entry: Entry, seed: int) -> Report:
    """The report on the right function at arguments drawn from this seed."""
    rng = np.random.default_rng(seed)
    return entry.check(entry.random(rng), rng)


def not_passed(count: int, seed: int = 0) -> list[tuple[str, int, Report]]:
    """Of ``count`` random arguments, dealt out to all operations and layers in turn, those that did not pass.

    Gives the entry's name, the seed for ``random_report`` and the report.
    """
    entries = (*OPERATIONS, *LAYERS)
    found = []
    for k in range(count):
        entry = entries[k % len(entries)]
        report = random_report(entry, seed + k)
        if not report.passed:
            found.append((entry.name, seed + k, report))
    return found
