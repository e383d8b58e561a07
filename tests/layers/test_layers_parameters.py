"""Parameters count their updates and keep shape and type; a network's parameters are those of its layers."""

import copy

import numpy as np
import pytest

from nnfromscratch.errors import DtypeError, ShapeError
from nnfromscratch.layers import Parameters
from nnfromscratch.layers.parameters import Nested


def test_every_assignment_raises_the_version():
    params = Parameters({"weight": np.ones((2, 3)), "bias": np.zeros(3)})
    assert params.version == 0
    array = params["weight"]
    params["weight"] -= 0.5
    params["bias"] = np.ones(3)
    params["bias"][...] += 1  # into the array, past the mapping: not seen
    assert params.version == 2
    params.update(weight=np.zeros((2, 3)), bias=np.zeros(3))
    assert params.version == 4
    assert array.tolist() == [[0.5] * 3] * 2  # −= works in place
    assert params["weight"] is not array


def test_reading_changes_no_version():
    params = Parameters({"weight": np.ones(3)})
    assert (list(params), len(params), "weight" in params, "bias" in params) == (["weight"], 1, True, False)
    assert params.get("bias") is None
    assert repr(params) == "Parameters(weight: (3,))"
    with pytest.raises(KeyError):
        params["bias"]
    assert params.version == 0


def test_shape_and_type_are_kept():
    params = Parameters({"weight": np.ones(3, np.float32)})
    with pytest.raises(ShapeError, match=r"parameter weight: expects shape \(3,\), has \(1, 3\)"):
        params["weight"] = np.ones((1, 3), np.float32)
    with pytest.raises(DtypeError, match="parameter weight: expects float32, has float64"):
        params["weight"] = np.ones(3)
    with pytest.raises(DtypeError, match="parameter weight: expects a NumPy array, is list"):
        params["weight"] = [1, 1, 1]
    assert params.version == 0
    assert params["weight"].dtype == np.float32


def test_parameters_are_not_deleted():
    params = Parameters({"weight": np.ones(3)})
    with pytest.raises(TypeError, match="parameter weight: a layer keeps its parameters"):
        del params["weight"]
    nested = Nested({"0": params})
    with pytest.raises(TypeError, match=r"0\.weight: a network keeps what its layers have"):
        del nested["0.weight"]
    assert len(params) == 1


def test_casting_gives_new_arrays_and_a_new_version():
    params = Parameters({"weight": np.ones(3, np.float32)})
    before = params["weight"]
    params.cast(np.dtype(np.float64))
    assert params["weight"].dtype == np.float64
    assert before.dtype == np.float32
    assert params.version == 1


def test_the_mapping_given_is_copied():
    given = {"weight": np.ones(3)}
    params = Parameters(given)
    del given["weight"]
    assert "weight" in params


def test_nested_keys_reach_through():
    inner, outer = Parameters({"weight": np.ones(2)}), Parameters({"weight": np.zeros(3), "bias": np.zeros(1)})
    nested = Nested({"0": Nested({"0": Parameters({}), "1": inner}), "1": outer})
    assert list(nested) == ["0.1.weight", "1.weight", "1.bias"]
    assert len(nested) == 3
    assert repr(nested) == "Nested(0.1.weight, 1.weight, 1.bias)"
    nested["0.1.weight"] -= 3
    assert inner["weight"].tolist() == [-2, -2]
    assert (inner.version, outer.version) == (1, 0)
    for wrong in ("weight", "0.weight", "2.weight", "0.1.bias", "0", "", "1.", 3 * "0."):
        assert wrong not in nested
        with pytest.raises(KeyError):
            nested[wrong]
        with pytest.raises(KeyError):
            nested[wrong] = np.ones(2)
    twin = copy.deepcopy(nested)
    twin["1.bias"] += 1
    assert outer["bias"].tolist() == [0]
