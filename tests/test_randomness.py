"""Generators of a layer's own, and their states as text."""

import json

import numpy as np
import pytest

from nnfromscratch.errors import CheckpointError
from nnfromscratch.randomness import generator_state, own_generator, restore_generator

KINDS = [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64]


@pytest.mark.parametrize("kind", KINDS)
def test_a_restored_generator_draws_the_same(kind):
    rng = np.random.Generator(kind(3))
    rng.random(5)
    rng.integers(0, 3, size=3, dtype=np.uint8)  # leaves half of a number over for later
    state = generator_state(rng)
    assert json.loads(state)["bit_generator"] == kind.__name__
    expected = rng.integers(0, 1000, 5, dtype=np.uint32), rng.random(5), rng.standard_normal(5)
    other = np.random.Generator(kind(99))
    for restored in (rng, other):
        restore_generator(restored, state)
        drawn = restored.integers(0, 1000, 5, dtype=np.uint32), restored.random(5), restored.standard_normal(5)
        for one, two in zip(drawn, expected, strict=True):
            np.testing.assert_array_equal(one, two)


def test_own_generators_are_independent_and_repeatable():
    rng = np.random.default_rng(0)
    first, second = own_generator(rng).random(4), own_generator(rng).random(4)
    assert not np.intersect1d(first, second).size
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(own_generator(rng).random(4), first)
    assert not np.intersect1d(first, np.random.default_rng(0).random(4)).size


@pytest.mark.parametrize(
    "state",
    [
        "",
        "no JSON",
        "3",
        "[]",
        "{}",
        None,
        {},
        '{"bit_generator": "MT19937", "state": {"key": [], "pos": 3}}',
        '{"bit_generator": "PCG64", "state": {"state": -1, "inc": 3}, "has_uint32": 0, "uinteger": 0}',
        '{"bit_generator": "PCG64", "state": {"state": "1", "inc": 3}, "has_uint32": 0, "uinteger": 0}',
        '{"bit_generator": "PCG64", "state": {"state": 1, "inc": 3}, "has_uint32": 0, "uinteger": -10}',
        '{"bit_generator": "PCG64", "state": [], "has_uint32": 0, "uinteger": 0}',
    ],
)
def test_damaged_states(state):
    with pytest.raises(CheckpointError, match="generator: state expects that of a PCG64, is "):
        restore_generator(np.random.default_rng(0), state)
