"""Adam's kernel through ``optimizers.Adam``: every set follows the algorithm as it is printed, number by number."""

import math

import numpy as np
import pytest
from kernel_cases import INTERPRETED, every_set, kernel_set

from nnfromscratch import kernels
from nnfromscratch.optimizers import Adam

every_type = pytest.mark.parametrize("dtype", [np.float32, np.float64])
SETTINGS = {
    "defaults": {},
    "fast": {"lr": 0.05, "beta1": 0.8, "beta2": 0.9, "eps": 1e-3},
    "no memory": {"lr": 0.01, "beta1": 0.0, "beta2": 0.0},
    "weight decay": {"lr": 0.02, "weight_decay": 0.3},
}


def as_printed(theta, gradients, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
    """Kingma & Ba, algorithm 1, one number in double precision; decay as in Loshchilov & Hutter, algorithm 2."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        theta = theta - lr * (m_hat / (math.sqrt(v_hat) + eps) + weight_decay * theta)
    return theta, m, v


def expected(theta, gradients, **settings):
    """The same for every number of an array."""
    results = np.empty((3, *theta.shape))
    for index in np.ndindex(theta.shape):
        results[(slice(None), *index)] = as_printed(
            float(theta[index]), [float(g[index]) for g in gradients], **settings
        )
    return results


def steps(name, theta, gradients, **settings):
    """θ, m and v after Adam's steps with the kernels ``name``; the array that holds θ is changed or replaced."""
    kernel_set(name)  # or skip
    optimizer, params = Adam(**settings), {"theta": theta}
    with kernels.use(name):
        for g in gradients:
            optimizer.step(params, {"theta": g})
    state = optimizer.state_dict()
    return params["theta"], state["m.theta"], state["v.theta"]


def near(actual, wanted, dtype, count):
    for array, numbers in zip(actual, wanted, strict=True):
        assert array.shape == numbers.shape
        limit = 4 * np.finfo(dtype).eps * count
        np.testing.assert_allclose(array, numbers, rtol=limit, atol=limit)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@every_type
@every_set
def test_many_steps_are_those_of_the_algorithm(name, dtype, settings):
    rng = np.random.default_rng(0)
    shape, count = (2, 5), 100
    theta = rng.standard_normal(shape).astype(dtype)
    sizes = 10.0 ** rng.integers(-3, 3, shape)  # each number's gradients have a size of their own
    gradients = [(sizes * rng.standard_normal(shape)).astype(dtype) for _ in range(count)]
    wanted = expected(theta, gradients, **settings)
    theta, m, v = steps(name, theta, gradients, **settings)
    assert theta.dtype == m.dtype == v.dtype == dtype
    near((theta,), wanted[:1], dtype, count)
    near((m / sizes, v / sizes**2), (wanted[1] / sizes, wanted[2] / sizes**2), dtype, count)


def places(dtype):
    """The same 120 numbers or fewer, in memory of every kind; each array may be written to."""
    numbers = np.random.default_rng(3).standard_normal(1000).astype(dtype)

    def block(*shape):
        return numbers[: math.prod(shape)].reshape(shape).copy()

    return {
        "a row": block(1, 7),
        "a row backwards": block(1, 7)[:, ::-1],
        "one row, its axis backwards": block(1, 7)[::-1],
        "one column, its axis backwards": block(7, 1)[:, ::-1],
        "every third of a row": block(7, 3)[:, ::3],
        "gaps": block(4, 6, 5)[:, ::3, 1::2],
        "all backwards": block(4, 6, 5)[::-1, ::-1, ::-1],
        "one axis backwards": block(4, 6, 5)[:, ::-1],
        "transposed": block(4, 6, 5).transpose(2, 0, 1),
        "Fortran": np.asfortranarray(block(4, 6, 5)),
        "axes of length 1": block(1, 8, 1, 3).transpose(3, 2, 1, 0)[:, ::-1],
        "a window": block(6, 6)[1:4, 2:5],
        "one number": np.array(3, dtype),
        "one number of many": block(4, 6, 5)[:1, 2:3, -1:],
        "none": block(4, 6)[:0],
        "17": block(17),
        "66": block(66),
    }


@every_type
@pytest.mark.parametrize("place", places(np.float32))
@every_set
def test_parameters_and_gradients_wherever_they_lie_in_memory(name, place, dtype):
    for order in ("C", "F", "gaps", "read-only"):
        theta = places(dtype)[place]
        around = theta if theta.base is None else theta.base
        rng = np.random.default_rng(1)
        gradients = [rng.standard_normal(theta.shape).astype(dtype) for _ in range(2)]
        wanted = expected(theta, gradients, lr=0.1, weight_decay=0.01)
        if order == "gaps":
            gradients = [np.repeat(g[..., None], 2, axis=-1)[..., 0] for g in gradients]
        elif order == "read-only":
            for g in gradients:
                g.flags.writeable = False
        else:
            gradients = [np.array(g, order=order) for g in gradients]
        before, old = [g.copy() for g in gradients], around.copy()
        result, m, v = steps(name, theta, gradients, lr=0.1, weight_decay=0.01)
        assert result is theta  # in place
        assert result.dtype == m.dtype == v.dtype == dtype
        near((result, m, v), wanted, dtype, 2)
        for g, unchanged in zip(gradients, before, strict=True):
            np.testing.assert_array_equal(g, unchanged)
        assert (around != old).sum() == theta.size  # and nothing beside it


@every_type
@every_set
def test_a_read_only_parameter_is_replaced(name, dtype):
    rng = np.random.default_rng(2)
    theta = np.asfortranarray(rng.standard_normal((3, 4)).astype(dtype))
    gradients = [rng.standard_normal((3, 4)).astype(dtype) for _ in range(2)]
    theta.flags.writeable = False
    before = theta.copy()
    result = steps(name, theta, gradients)
    near(result, expected(before, gradients), dtype, 2)
    np.testing.assert_array_equal(theta, before)
    assert result[0] is not theta


@every_type
@every_set
def test_gradients_of_every_size(name, dtype):
    # g² may become 0 or ∞ where g is neither: then as the algorithm says in that type
    info = np.finfo(dtype)
    g = np.array([0.0, info.tiny, info.eps**2, 1, -1, float(info.max) ** 0.5 * 1e4, -float(info.max)], dtype)
    theta = np.ones_like(g)
    one = dtype(1)
    with np.errstate(over="ignore", under="ignore"):
        m, v = dtype(1 - 0.9) * g, dtype(1 - 0.999) * (g * g)
        root = np.sqrt(v) * dtype(1 / math.sqrt(1 - 0.999))
        wanted = one - dtype(0.1 / (1 - 0.9)) * m / (root + dtype(1e-8))
        result = steps(name, theta, [g], lr=0.1)
    limit = 16 * info.eps
    np.testing.assert_allclose(result[0], wanted, rtol=limit, atol=limit)
    np.testing.assert_allclose(result[1], m, rtol=limit)
    np.testing.assert_allclose(result[2], v, rtol=limit, atol=info.tiny)
    assert (result[0][0], result[0][-1]) == (1, 1)  # 0 / (0 + ε), and g / ∞


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@every_set
def test_what_is_no_number_stays_with_its_parameter(name, value):
    theta, g = np.ones(20), np.ones(20)
    g[[7, 19]] = value
    with np.errstate(invalid="ignore"):
        theta, m, v = steps(name, theta, [g], lr=0.1)
    others = [k for k in range(20) if k not in (7, 19)]
    np.testing.assert_allclose(theta[others], 0.9, rtol=1e-7)
    assert np.isnan(theta[[7, 19]]).all()
    np.testing.assert_array_equal(m[[7, 19]], value)
    np.testing.assert_array_equal(v[[7, 19]], abs(value))


@pytest.mark.skipif(INTERPRETED, reason="too many numbers for Python")
@every_type
def test_many_parameters_the_sets_without_loops_agree(dtype):
    rng = np.random.default_rng(4)
    theta = rng.standard_normal((70, 1003)).astype(dtype)
    gradients = [rng.standard_normal(theta.shape).astype(dtype) for _ in range(3)]
    one = steps("compiled", theta.copy(), gradients, lr=0.01, weight_decay=0.1)
    other = steps("vectorized", theta.copy(), gradients, lr=0.01, weight_decay=0.1)
    near(one, other, dtype, 3)
    corners = np.s_[:: theta.shape[0] - 1, :: theta.shape[1] - 1]
    wanted = expected(theta[corners], [g[corners] for g in gradients], lr=0.01, weight_decay=0.1)
    near([array[corners] for array in one], wanted, dtype, 3)
