"""Checks anybody's backward against central differences, and says what is wrong with it.

>>> import numpy as np
>>> from nnfromscratch.gradcheck import gradcheck
>>> def double(x):
...     return 2 * x, lambda dy: 2 * dy
>>> print(gradcheck(double, np.array([1.0, 2.0]), rng=np.random.default_rng(0)))
double: the gradient is right
  argument  shape            elements directions  kinks unclear rel. error
  x         (2,)                    2          0      0       0    ...
"""

from nnfromscratch.gradcheck.check import gradcheck
from nnfromscratch.gradcheck.report import ArgumentReport, Diagnosis, GradientError, Kind, Report, Worst

__all__ = ["ArgumentReport", "Diagnosis", "GradientError", "Kind", "Report", "Worst", "gradcheck"]
