"""What holds for every operation: types, shapes, memory, freshness, and that nothing is hidden between calls."""

import inspect

import numpy as np
import pytest
from numerical_gradients import numbers

from nnfromscratch import functional
from nnfromscratch.errors import DtypeError, RangeError, ShapeError

LABELS = np.array([2, 0, 1])

# name: how to call it, its array arguments
OPERATIONS = {
    "avg_pool2d": (lambda x: functional.avg_pool2d(x, 2, stride=1, padding=1), [(3, 2, 4, 5)]),
    "batch_norm": (functional.batch_norm, [(3, 4), (4,), (4,)]),
    "batch_norm images": (functional.batch_norm, [(3, 4, 2, 3), (4,), (4,)]),
    "batch_norm evaluation": (
        lambda x, w, b: functional.batch_norm(x, w, b, mean=0 * b, variance=np.full_like(b, 2)),
        [(3, 4), (4,), (4,)],
    ),
    "binary_cross_entropy_with_logits": (
        lambda x: functional.binary_cross_entropy_with_logits(x, 0.25, reduction="none"),
        [(3, 4)],
    ),
    "conv2d": (lambda x, w, b: functional.conv2d(x, w, b, 2, 1), [(3, 2, 4, 5), (4, 2, 3, 2), (4,)]),
    "conv2d no bias": (lambda x, w: functional.conv2d(x, w), [(3, 2, 4, 5), (4, 2, 3, 2)]),
    "conv_transpose2d": (
        lambda x, w, b: functional.conv_transpose2d(x, w, b, 2, 1, 1),
        [(3, 2, 3, 3), (2, 4, 3, 2), (4,)],
    ),
    "conv_transpose2d no bias": (lambda x, w: functional.conv_transpose2d(x, w), [(3, 2, 3, 3), (2, 4, 3, 2)]),
    "dense": (functional.dense, [(3, 4), (4, 5), (5,)]),
    "dense no bias": (lambda x, w: functional.dense(x, w), [(3, 4), (4, 5)]),
    "dropout": (lambda x: functional.dropout(x, 0.4, rng=np.random.default_rng(0)), [(3, 4)]),
    "elu": (functional.elu, [(3, 4)]),
    "embedding": (lambda weight: functional.embedding(LABELS, weight), [(3, 4)]),
    "flatten": (functional.flatten, [(3, 4, 2, 2)]),
    "gaussian_noise": (lambda x: functional.gaussian_noise(x, 0.4, rng=np.random.default_rng(0)), [(3, 4)]),
    "layer_norm": (functional.layer_norm, [(3, 4), (4,), (4,)]),
    "leaky_relu": (functional.leaky_relu, [(3, 4)]),
    "log_softmax": (functional.log_softmax, [(3, 4)]),
    "max_pool2d": (lambda x: functional.max_pool2d(x, 2, stride=1, padding=1), [(3, 2, 4, 5)]),
    "mean_squared_error": (lambda x: functional.mean_squared_error(x, 0.5, reduction="none"), [(3, 4)]),
    "minibatch_discrimination": (functional.minibatch_discrimination, [(3, 4), (4, 5, 2)]),
    "relu": (functional.relu, [(3, 4)]),
    "reshape": (lambda x: functional.reshape(x, (2, 6)), [(3, 4, 3)]),
    "sigmoid": (functional.sigmoid, [(3, 4)]),
    "softmax": (functional.softmax, [(3, 4)]),
    "softmax_cross_entropy": (
        lambda x: functional.softmax_cross_entropy(x, LABELS[: np.size(x) // 4], "none"),
        [(3, 4)],
    ),
    "softplus": (functional.softplus, [(3, 4)]),
    "spectral_norm": (
        lambda x: functional.spectral_norm(x, u=np.array([0.6, -0.8, 0.5], getattr(x, "dtype", float)), axis=0),
        [(3, 4)],
    ),
    "tanh": (functional.tanh, [(3, 4)]),
    "virtual_batch_norm": (
        lambda x, w, b: functional.virtual_batch_norm(x, w, b, reference_size=2),
        [(3, 4), (4,), (4,)],
    ),
    "virtual_batch_norm images": (
        lambda x, w, b: functional.virtual_batch_norm(x, w, b, reference_size=2),
        [(3, 4, 2, 3), (4,), (4,)],
    ),
    "weight_norm": (lambda v, g: functional.weight_norm(v, g, axis=1), [(3, 4), (4,)]),
    "weight_norm kernels": (functional.weight_norm, [(3, 4, 2, 3), (3,)]),
}
LOSSES = {
    "binary_cross_entropy_with_logits": "logits",
    "mean_squared_error": "predictions",
    "softmax_cross_entropy": "logits",
}  # and what they call their x
# those whose first array is not called x
NAMED = {**LOSSES, "embedding": "weight", "spectral_norm": "weight", "weight_norm": "v", "weight_norm kernels": "v"}
REFUSES_NOTHING = {
    "batch_norm": "x expects at least 2 numbers in a channel, has 0",
    "batch_norm images": "x expects at least 2 numbers in a channel, has 0",
    # of a weight, which has no batch
    "embedding": "weight expects at least 1 along every axis",
    "spectral_norm": "weight expects .* none of length zero",
    "weight_norm": "v expects .* none of length zero",
    "weight_norm kernels": "v expects .* none of length zero",
}
every_operation = pytest.mark.parametrize("name", OPERATIONS)
both_floats = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def setting(name, dtype=np.float64, seed=0):
    op, shapes = OPERATIONS[name]
    return op, [numbers(*shape, dtype=dtype, seed=seed + place) for place, shape in enumerate(shapes)]


def as_tuple(gradients):
    return gradients if isinstance(gradients, tuple) else (gradients,)


def gradients_of(backward, dy):
    return [None if gradient is None else gradient.copy() for gradient in as_tuple(backward(dy))]


def assert_same(first, second):
    for one, other in zip(first, second, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one, other)


def test_every_operation_is_here():
    assert {name.split()[0] for name in OPERATIONS} == set(functional.__all__)


@both_floats
@every_operation
def test_floats_keep_their_type_and_gradients_have_the_arguments_shapes(name, dtype):
    op, arrays = setting(name, dtype)
    y, backward = op(*arrays)
    assert y.dtype == dtype
    gradients = backward(np.ones_like(y))
    assert isinstance(gradients, tuple) == ("no bias" in name or len(arrays) > 1)
    for array, gradient in zip(arrays, as_tuple(gradients), strict=False):
        assert gradient.dtype == dtype
        assert gradient.shape == array.shape
    if "no bias" in name:
        assert len(gradients) == 3
        assert gradients[2] is None


@every_operation
def test_nothing_is_written_to_and_read_only_arrays_are_welcome(name):
    op, arrays = setting(name, np.float32)
    before = [array.copy() for array in arrays]
    y, backward = op(*arrays)
    dy = np.ones_like(y) * 3
    expected = gradients_of(backward, dy)
    assert_same(before, arrays)
    assert (dy == 3).all()
    for array in arrays:
        array.flags.writeable = False
    again, backward = op(*arrays)
    np.testing.assert_array_equal(again, y)
    dy.flags.writeable = False
    assert_same(gradients_of(backward, dy), expected)


@every_operation
def test_any_memory_order_gives_the_same(name):
    op, arrays = setting(name)
    y, backward = op(*arrays)
    dy = numbers(*y.shape, seed=9)
    expected = as_tuple(backward(dy))
    for change in (
        np.asfortranarray,
        lambda a: np.flip(np.ascontiguousarray(np.flip(a))),
        lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
        lambda a: np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 0, -1)), -1, 0),
    ):
        other, backward = op(*map(change, arrays))
        np.testing.assert_allclose(other, y, rtol=1e-13, atol=1e-13)
        for gradient, wanted in zip(as_tuple(backward(change(dy))), expected, strict=True):
            if wanted is not None:
                np.testing.assert_allclose(gradient, wanted, rtol=1e-12, atol=1e-12)


@every_operation
def test_two_forwards_before_two_backwards_in_either_order_and_twice(name):
    op, first = setting(name, seed=1)
    _, second = setting(name, seed=2)
    y, backward = op(*first)
    dy = numbers(*y.shape, seed=5)
    alone_first = gradients_of(backward, dy)
    alone_second = gradients_of(op(*second)[1], dy)
    _, backward_first = op(*first)
    _, backward_second = op(*second)
    assert_same(gradients_of(backward_second, dy), alone_second)
    assert_same(gradients_of(backward_first, dy), alone_first)
    assert_same(gradients_of(backward_first, dy), alone_first)
    assert_same(gradients_of(backward_second, dy), alone_second)


@every_operation
def test_what_a_caller_does_with_a_result_changes_no_gradient(name):
    # a network may go on computing in place on what it was given
    op, arrays = setting(name)
    if name in ("flatten", "reshape"):
        pytest.skip("the result is the argument itself, seen another way")
    dy = numbers(*op(*arrays)[0].shape, seed=5)
    _, backward = op(*arrays)
    expected = gradients_of(backward, dy)
    for gradient in as_tuple(backward(dy)):
        if gradient is not None and not np.shares_memory(gradient, dy):
            gradient[...] = -7
    assert_same(gradients_of(backward, dy), expected)


@every_operation
def test_an_empty_batch_gives_an_empty_result(name):
    op, arrays = setting(name, np.float32)
    arrays[0] = arrays[0][:0]
    if name in REFUSES_NOTHING:
        with pytest.raises(ShapeError, match=f"^{name.split()[0]}: {REFUSES_NOTHING[name]}"):
            op(*arrays)
        return
    y, backward = op(*arrays)
    assert y.shape[0] == 0
    assert y.dtype == np.float32
    gradients = as_tuple(backward(np.ones_like(y)))
    for array, gradient in zip(arrays, gradients, strict=False):
        assert gradient.shape == array.shape
        assert not gradient.any()


@pytest.mark.parametrize("dtype", [np.float16, np.int64, np.uint8, np.complex64, bool, ">f8"])
@every_operation
def test_other_numbers_than_floats_are_refused(name, dtype):
    op, arrays = setting(name)
    arrays[0] = np.ones(arrays[0].shape, dtype)
    with pytest.raises(DtypeError, match=f"^{name.split()[0]}: .* expects float32 or float64, has "):
        op(*arrays)


@every_operation
def test_what_is_no_array_is_refused(name):
    op, arrays = setting(name)
    argument = NAMED.get(name, "x")
    for thing, kind in (([[1.0]], "list"), (1.0, "float"), (np.float64(1), "float64")):
        with pytest.raises(DtypeError, match=f"^{name.split()[0]}: {argument} expects a NumPy array, is {kind}"):
            op(thing, *arrays[1:])


@every_operation
def test_arrays_of_different_floats_are_refused(name):
    op, arrays = setting(name)
    for place in range(1, len(arrays)):
        mixed = list(arrays)
        mixed[place] = mixed[place].astype(np.float32)
        with pytest.raises(
            DtypeError, match=rf"^{name.split()[0]}: .* expects float64 like {NAMED.get(name, 'x')}, has float32"
        ):
            op(*mixed)


@every_operation
def test_a_gradient_of_another_shape_or_type_is_refused(name):
    op, arrays = setting(name)
    y, backward = op(*arrays)
    own = name.split()[0]
    argument = "dloss" if own in LOSSES else "dy"
    with pytest.raises(ShapeError, match=rf"^{own}: {argument} expects the shape of (y|the loss), .*; has \(7,\)"):
        backward(np.ones(7))
    with pytest.raises(DtypeError, match=rf"^{own}: {argument} expects .*float64 like (y|the loss), (is|has) float32"):
        backward(np.ones(y.shape, np.float32))


@every_operation
def test_wrt_chooses_the_gradients(name):
    op, arrays = setting(name)
    y, backward = op(*arrays)
    parameters = inspect.signature(backward).parameters
    if "wrt" not in parameters:
        assert len(arrays) == 1
        return
    dy = numbers(*y.shape, seed=5)
    everything = backward(dy)
    names = ("v", "g") if name.startswith("weight_norm") else ("x", "weight", "bias")[: len(everything)]
    assert parameters["wrt"].default == names
    assert_same(backward(dy, wrt=names), everything)
    for chosen in (*((one,) for one in names), names[1:], names[::-1], list(names[:2]), {names[-1]}, ()):
        expected = [gradient if key in chosen else None for key, gradient in zip(names, everything, strict=True)]
        assert_same(backward(dy, wrt=chosen), expected)
    listed = ", ".join(names)
    with pytest.raises(RangeError, match=f"^{name.split()[0]}: wrt expects names out of {listed}, has 'w'"):
        backward(dy, wrt=(names[0], "w"))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@every_operation
def test_what_is_no_number_passes_through_without_an_error(name, value):
    op, arrays = setting(name)
    arrays[0].flat[1] = value
    with np.errstate(all="ignore"):
        y, backward = op(*arrays)
        gradients = as_tuple(backward(np.ones_like(y)))
    assert gradients[0].shape == arrays[0].shape
    if np.isnan(value):
        assert np.isnan(y).any()
