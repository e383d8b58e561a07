"""The fully connected operation against sums written out, and against differences."""

import numpy as np
import pytest
from numerical_gradients import check_gradients, numbers

from nnfromscratch.errors import ShapeError
from nnfromscratch.functional import dense


def test_the_equation_as_printed():
    x, weight, bias = numbers(3, 4), numbers(4, 2), numbers(2)
    y, _ = dense(x, weight, bias)
    for n in range(3):
        for k in range(2):
            assert y[n, k] == pytest.approx(sum(x[n, d] * weight[d, k] for d in range(4)) + bias[k], rel=1e-14)


def test_gradients():
    check_gradients(dense, numbers(3, 4), numbers(4, 2), numbers(2))
    check_gradients(lambda x, w: (lambda y, b: (y, lambda dy: b(dy)[:2]))(*dense(x, w)), numbers(3, 4), numbers(4, 2))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((3, 4), (5, 2), (2,)), r"dense: x expects shape \(N, 5\), has \(3, 4\)"),
        (((3, 2, 2), (4, 2), (2,)), r"dense: x expects shape \(N, 4\), has \(3, 2, 2\)"),
        (((3, 4), (4,), (2,)), r"dense: weight expects shape \(D, K\), has \(4,\)"),
        (((3, 4), (4, 2), (3,)), r"dense: bias expects shape \(2,\), has \(3,\)"),
        (((3, 4), (4, 2), (1, 2)), r"dense: bias expects shape \(2,\), has \(1, 2\)"),
        (((3, 0), (0, 2), (2,)), r"dense: x expects at least 1 along axis 1, has shape \(3, 0\)"),
        (((3, 4), (4, 0), (0,)), r"dense: weight expects at least 1 along axis 1, has shape \(4, 0\)"),
    ],
)
def test_wrong_shapes(shapes, message):
    with pytest.raises(ShapeError, match=message):
        dense(*(np.ones(shape) for shape in shapes))
