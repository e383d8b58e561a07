"""Single operations: the work is counted rightly, and results are compared before anything is timed."""

import numpy as np
import pytest

from nnfromscratch import kernels
from nnfromscratch.bench import interleaved, machine, scaling
from nnfromscratch.bench import operation_times as module
from nnfromscratch.bench.kernel_times import TINY, installed_sets, tiny_times
from nnfromscratch.bench.operation_times import multiplications, operation_times
from nnfromscratch.bench.operations import OPERATIONS, Operation, convolution, transposed
from nnfromscratch.bench.optimizer_times import adam_times
from nnfromscratch.bench.ways import BOTH, FORWARD, INPUT, WEIGHT, difference, our_calls
from nnfromscratch.bench.workloads import WORKLOADS
from nnfromscratch.kernels.loops import conv2d
from nnfromscratch.layers import BatchNorm, Conv2d, ConvTranspose2d, Dense, MaxPool2d, Sequential

RNG = np.random.default_rng(0)
SMALL = convolution(2, 3, 3, 2, 1, 6)
DENSE = Operation("dense 4→3", lambda rng: Dense(4, 3, rng=rng), (4,))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(machine, "SIDE", 64)
    monkeypatch.setattr(module, "SIDE", 64)
    monkeypatch.setattr(interleaved.gc, "collect", lambda: 0)


@pytest.fixture
def alone(monkeypatch):
    monkeypatch.setattr(module, "has_torch", lambda: False)


def times_of(operation, **more):
    return operation_times(operation, 2, 1, **{"seconds": 0, "seed": 0, **more})


# --- the work ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "sample", "expected"),
    [
        (Conv2d(2, 3, 3, padding=1, rng=RNG), (2, 5, 7), 2 * 3 * 9 * 5 * 7),
        (Conv2d(2, 3, 4, stride=2, padding=1, rng=RNG), (2, 8, 6), 2 * 3 * 16 * 4 * 3),
        (transposed(4, 2, 4, 2, 1, 7).make(RNG), (4, 7, 7), 4 * 2 * 16 * 49),
        (Dense(4, 3, rng=RNG), (4,), 12),
        (BatchNorm(4), (4, 3, 3), 0),
        (MaxPool2d(2), (4, 4, 4), 0),
        (Sequential(MaxPool2d(2)), (4, 4, 4), 0),
    ],
)
def test_multiplications(layer, sample, expected):
    assert multiplications(layer, sample) == expected


def test_a_convolution_multiplies_as_often_as_is_counted():
    ones = np.ones((1, 2, 6, 6))
    y = conv2d(ones, np.ones((3, 2, 3, 3)), (2, 2), ((0, 0), (0, 0)))
    assert y.sum() == multiplications(Conv2d(2, 3, 3, stride=2, rng=RNG), (2, 6, 6))


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_convolution_of_the_workloads_is_there(name):
    """With the sizes of the images that reach it."""
    shapes = {
        (type(layer), layer.params["weight"].shape, operation.sample)
        for operation in OPERATIONS
        if isinstance(layer := operation.make(RNG), (Conv2d, ConvTranspose2d))
    }
    for network, sample in zip(WORKLOADS[name].networks(0)[::-1], (WORKLOADS[name].image_shape, (100,)), strict=False):
        for layer in network:
            if isinstance(layer, (Conv2d, ConvTranspose2d)):
                assert (type(layer), layer.params["weight"].shape, sample) in shapes
            sample = layer.output_shape(sample)


# --- the rows ----------------------------------------------------------------------------------------------------


def test_a_row_for_each_way(alone):
    rows = times_of(SMALL)
    assert [row["way"] for row in rows] == [FORWARD, INPUT, WEIGHT]
    for row in rows:
        assert (row["operation"], row["batch"], row["threads"]) == (SMALL.name, 2, 1)
        assert row["flops"] == 2 * 2 * multiplications(SMALL.make(RNG), SMALL.sample)
        assert row["gflops"] == pytest.approx(row["flops"] / row["ours_ms"] / 1e6)
        assert 0 < row["share_of_peak"] < 2
        assert row["bytes"] == 4 * (2 * 2 * 36 + 2 * 3 * 9 + 54)
        assert row["difference"] is row["torch_gflops"] is row["ratio_to_best"] is None


def test_what_does_not_multiply_has_no_speed(alone):
    rows = times_of(Operation("norm", lambda _: BatchNorm(2), (2, 3, 3), (FORWARD, BOTH)))
    assert [row["gflops"] for row in rows] == [None, None]
    assert all(row["share_of_peak"] is row["flops"] is None for row in rows)


@pytest.mark.parametrize("wrong", [1.001, float("nan")])
@pytest.mark.parametrize("way", [FORWARD, INPUT, WEIGHT])
def test_a_way_that_computes_something_else_is_not_timed(monkeypatch, way, wrong):
    """Somebody else's calls, equal to ours but for one way."""

    def calls(layer, x, dy, ways, threads):
        right = our_calls(layer, x, dy, ways)
        theirs = {name: (lambda name=name: as_theirs(right[name]())) for name in ways}
        spoiled = {**theirs, way: lambda: [wrong * array for array in theirs[way]()]}
        return {"right": theirs, "spoiled": spoiled}

    def as_theirs(result):
        arrays = [result] if isinstance(result, np.ndarray) else [result[0], *result[1].values()]
        return [array for array in arrays if array is not None]

    monkeypatch.setattr(module, "has_torch", lambda: True)
    monkeypatch.setattr(module, "torch_calls", calls)
    monkeypatch.setattr(module, "difference", lambda ours, theirs: difference(arrays_only(ours), arrays_only(theirs)))
    rows = {row["way"]: row for row in times_of(SMALL)}
    assert "ours_ms" not in rows[way]
    assert not rows[way]["difference"] <= 1e-4
    for other in {FORWARD, INPUT, WEIGHT} - {way}:
        assert rows[other]["ours_ms"] > 0
        assert rows[other]["difference"] == 0


def arrays_only(result):
    """One array of all numbers."""
    if isinstance(result, tuple):
        result = [result[0], *result[1].values()]
    parts = [result] if isinstance(result, np.ndarray) else [array for array in result if array is not None]
    return np.concatenate([part.ravel() for part in parts])


def test_a_difference_is_relative_to_the_largest_number():
    assert difference(np.array([1.0, 100.5]), np.array([1.0, 100.0])) == pytest.approx(0.005)
    assert np.isnan(difference(np.array([1.0, np.nan]), np.array([1.0, 2.0])))
    one, bad = np.ones(2), np.array([1.0, np.nan])
    for dx, dbias in ((one, bad), (bad, one)):
        assert np.isnan(difference((dx, {"bias": dbias}), (one, {"bias": one})))


def test_ours_gets_images_as_a_layer_leaves_them():
    seen = {}

    class Watched(Conv2d):
        def forward(self, x, training=True):
            y, backward = super().forward(x, training)
            seen["x"], seen["y"] = x, y

            def watched(dy, wrt=("x", "params")):
                seen["dy"] = dy
                return backward(dy, wrt=wrt)

            return y, watched

    x, dy = RNG.standard_normal((4, 2, 5, 5)), RNG.standard_normal((4, 3, 5, 5))
    calls = our_calls(Watched(2, 3, 3, padding=1, rng=RNG, dtype=np.float64), x, dy, (FORWARD, INPUT))
    calls[INPUT]()
    assert seen["x"].transpose(2, 1, 3, 0).flags.c_contiguous
    assert seen["dy"].strides == seen["y"].strides
    assert np.array_equal(seen["x"], x)
    assert np.array_equal(seen["dy"], dy)


# --- Adam, kernel sets, growth -----------------------------------------------------------------------------------


def test_adam_alone(monkeypatch):
    monkeypatch.setattr("nnfromscratch.bench.optimizer_times.has_torch", lambda: False)
    row = adam_times(WORKLOADS["small"], 1, seconds=0, seed=0)
    assert row["operation"] == "Adam, 20,490 parameters"
    assert row["ours_ms"] > 0
    assert row["difference"] is row["ratio_to_best"] is None


def test_the_sets_of_kernels_are_timed_with_their_own_kernels(monkeypatch):
    used = []
    right = kernels.use

    def noted(name):
        used.append(name)
        return right(name)

    monkeypatch.setattr(kernels, "use", noted)
    rows = tiny_times(TINY[1], seconds=0, seed=0)
    assert [row["what"] for row in rows] == ["max pooling 2×2, 8×8×8, forward", "max pooling 2×2, 8×8×8, input"]
    assert all(set(row["ms"]) == set(installed_sets()) for row in rows)
    assert set(used) == set(installed_sets())
    assert rows[0]["ms"]["loops"] > rows[0]["ms"]["vectorized"]


def test_growth_over_channels_and_sizes(monkeypatch):
    asked = []
    monkeypatch.setattr(scaling, "operation_times", lambda *arguments, **_: asked.append(arguments) or [{}])
    assert scaling.by_channels(3, 5, seconds=1, seed=0) == [{"channels": 3, "kernel_size": 5}]
    assert scaling.by_image_size(56, seconds=1, seed=0) == [{"size": 56}]
    assert [(operation.name, *rest) for operation, *rest in asked] == [
        ("convolution 5×5, 3→3, 14×14", 128, 1),
        ("convolution 3×3, 16→32, 56×56", 32, 1),
    ]
    assert {channels for channels, _ in scaling.CHANNELS} >= {1, 3, 5, 17, 33, 64}


# --- beside PyTorch ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_pytorch_computes_the_same(operation):
    torch = pytest.importorskip("torch")
    from nnfromscratch.bench.ways import torch_calls

    layer = operation.make(np.random.default_rng(0))
    x = RNG.standard_normal((2, *operation.sample), dtype=np.float32)
    dy = RNG.standard_normal(layer.forward(x)[0].shape, dtype=np.float32)
    ours = our_calls(layer, x, dy, operation.ways)
    theirs = torch_calls(layer, x, dy, operation.ways, 1)
    assert set(theirs) == ({"contiguous", "channels_last"} if x.ndim == 4 else {"contiguous"})
    for calls in theirs.values():
        for way in operation.ways:
            assert difference(ours[way](), calls[way]()) < 1e-5
    assert torch.get_num_threads() == 1


def test_pytorchs_adam_computes_the_same():
    pytest.importorskip("torch")
    row = adam_times(WORKLOADS["small"], 1, seconds=0, seed=0)
    assert row["difference"] < 1e-6
    assert set(row["torch_ms"]) == {"default Adam", "fused Adam"}
