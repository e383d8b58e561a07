"""An entry of the catalogue: an operation or a layer, its cases and its mistakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnfromscratch.catalogue.case import Arguments, Case, Function, Make, bound
from nnfromscratch.catalogue.mistake import Mistake
from nnfromscratch.gradcheck import Report, gradcheck


@dataclass(frozen=True)
class Entry:
    """An operation or a layer with its cases and mistakes.

    function: the right one.   random: draws arguments of any size and scale.   wrt: the arguments that get a gradient,
    None where all do.   kernels: whether it computes with ``kernels``, of which there are several sets.
    subject: makes of a function and arguments what ``gradcheck`` takes.
    """

    name: str
    function: Function
    cases: tuple[Case, ...]
    random: Make
    mistakes: tuple[Mistake, ...]
    wrt: tuple[str, ...] | None = None
    kernels: bool = False
    subject: Callable[[Function, Arguments], Any] = bound

    def case(self, name: str) -> Case:
        """The case of this name."""
        return next(case for case in self.cases if case.name == name)

    def arguments(self, case: str, seed: int = 0) -> Arguments:
        """The arguments of the case of this name."""
        return self.case(case).make(np.random.default_rng(seed))

    def check(self, arguments: Arguments, rng: np.random.Generator, function: Function | None = None) -> Report:
        """The gradient checker's report on the function, or on another in its place."""
        subject = self.subject(function or self.function, arguments)
        return gradcheck(
            subject, *arguments.arrays, rng=rng, wrt=self.wrt, raise_error=False, training=arguments.training
        )
