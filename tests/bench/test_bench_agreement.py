"""Nobody is timed who computes something else: what is wrong is found, what is only rounding is not."""

from dataclasses import replace

import numpy as np
import pytest

from nnfromscratch import data
from nnfromscratch.bench import agreement
from nnfromscratch.bench.agreement import Agreement, compare, difference, failures
from nnfromscratch.bench.torch_steps import Setting
from nnfromscratch.bench.workloads import WORKLOADS
from nnfromscratch.optimizers import Adam

RIGHT = Agreement(float64=1e-15, first=1e-7, float32=3e-7, formats=2e-7, rounding=2e-7, torch_rounding=2e-7)
DRIFTED = replace(RIGHT, float32=1e-5, rounding=1e-5)

# --- the limits --------------------------------------------------------------------------------------------------


def test_rounding_is_no_failure():
    assert failures([RIGHT]) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"float64": 1.1e-9}, "float64 over 20 steps"),
        ({"float64": float("nan")}, "float64 over 20 steps"),
        ({"first": 1.1e-3}, "float32 over the first 3 steps"),
        ({"first": float("nan")}, "float32 over the first 3 steps"),
        ({"float32": 6.1e-7, "rounding": 6.1e-7}, "float32 over 20 steps"),
        ({"float32": float("nan"), "rounding": float("nan")}, "float32 over 20 steps"),
        ({"formats": None, "rounding": 6.1e-7}, "float32 over 20 steps"),
        ({"formats": float("nan"), "torch_rounding": float("nan")}, "float32 over 20 steps"),
    ],
)
def test_each_limit_is_kept(change, words):
    (failure,) = failures([replace(RIGHT, **change)])
    assert words in failure


@pytest.mark.parametrize(
    "change",
    [
        {"float64": 1e-9},
        {"first": 1e-3},
        {"float32": 6e-7, "rounding": 1.0},  # three times as far as PyTorch's formats are from each other
        {"float32": 1.0, "rounding": 6e-7},  # three times as far from float64 as PyTorch is
        {"formats": 0.0, "float32": 1e-7},  # formats that agree to the last bit by chance
        {"formats": None, "float32": 1.0},
    ],
)
def test_just_within_the_limits(change):
    assert failures([replace(RIGHT, **change)]) == []


def test_an_unlucky_draw_is_forgiven_once():
    assert failures([DRIFTED, RIGHT, RIGHT]) == []
    assert len(failures([DRIFTED, DRIFTED, RIGHT])) == 1
    assert len(failures([DRIFTED, RIGHT, DRIFTED])) == 1
    assert len(failures([DRIFTED])) == 1


def test_a_mistake_is_never_forgiven():
    assert len(failures([replace(RIGHT, float64=1e-6), RIGHT, RIGHT])) == 1
    assert len(failures([DRIFTED, replace(RIGHT, first=1e-2), RIGHT])) == 1


@pytest.mark.parametrize(("first", "draws"), [(RIGHT, 1), (DRIFTED, 3), (replace(DRIFTED, float64=1.0), 1)])
def test_only_after_a_drift_more_is_drawn(monkeypatch, first, draws):
    seeds = []
    monkeypatch.setattr(agreement, "_check_once", lambda *arguments: seeds.append(arguments[-1]) or first)
    agreement.check(WORKLOADS["small"], None, 8, 1, seed=5)
    assert seeds == [5, 6, 7][:draws]


# --- from losses to differences ----------------------------------------------------------------------------------

LOSSES = np.linspace(2.0, 0.5, 20)[:, None]


def compared(ours64=LOSSES, ours32=LOSSES, contiguous=LOSSES, last=LOSSES, theirs64=LOSSES, fused=LOSSES):
    theirs = {Setting(): contiguous}
    if last is not None:
        theirs[Setting(channels_last=True)] = last
    return compare({"float64": ours64, "float32": ours32}, theirs, theirs64, {Setting(fused=True): fused[:3]})


def off(by, at):
    losses = LOSSES.copy()
    losses[at] *= 1 + by
    return losses


def test_a_difference_is_relative_and_the_largest_counts():
    assert difference(off(0.01, 19), LOSSES) == pytest.approx(0.01)
    assert np.isnan(difference(off(np.nan, 3), LOSSES))
    assert np.isnan(difference(np.array([[np.inf]]), np.array([[np.inf]])))


def test_each_number_is_of_its_own_pair():
    assert compared() == Agreement(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert compared(ours64=off(0.01, 19)).float64 == pytest.approx(0.01)
    assert compared(ours32=off(0.01, 2)).first == pytest.approx(0.01)
    assert compared(ours32=off(0.01, 3)).first == 0
    assert compared(fused=off(0.01, 0)).first == pytest.approx(0.01, rel=0.02)
    assert compared(last=off(0.01, 1)).first == pytest.approx(0.01, rel=0.02)
    assert compared(ours32=off(0.01, 19)).float32 == pytest.approx(0.01)
    assert compared(ours32=off(0.01, 19)).rounding == pytest.approx(0.01)
    assert compared(last=off(0.01, 19)).formats == pytest.approx(0.01)
    assert compared(last=off(0.01, 19)).torch_rounding == pytest.approx(0.01)
    assert compared(contiguous=off(0.01, 19)).torch_rounding == pytest.approx(0.01)
    assert compared(last=None).formats is None


def test_a_nan_anywhere_in_float32_is_found():
    assert failures([compared(ours32=off(np.nan, 10))])
    assert failures([compared(ours32=off(np.nan, 0))])
    assert failures([compared(fused=off(np.nan, 0))])


# --- beside PyTorch ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits():
    pytest.importorskip("torch")
    return data.load("mnist").train


@pytest.mark.parametrize("name", WORKLOADS)
def test_both_sides_compute_the_same(digits, name):
    assert failures(agreement.check(WORKLOADS[name], digits, 8, 1, seed=0)) == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("small", {"lr": 1.001e-3}),
        ("article-gan", {"beta1": 0.8999}),
    ],
)
def test_another_setting_of_the_optimizer_is_found(digits, monkeypatch, name, change):
    right = agreement.training_step
    monkeypatch.setattr(agreement, "training_step", lambda workload, *rest: right(replace(workload, **change), *rest))
    assert failures(agreement.check(WORKLOADS[name], digits, 4, 1, seed=0))


def test_a_parameter_that_does_not_learn_is_found(digits, monkeypatch):
    class Lazy(Adam):
        def step(self, params, grads):
            super().step(params, {name: 0 * g if name == "0.bias" else g for name, g in grads.items()})

    monkeypatch.setattr("nnfromscratch.bench.steps.Adam", Lazy)
    assert failures(agreement.check(WORKLOADS["small"], digits, 4, 1, seed=0))


def test_another_fuzz_in_float32_alone_is_found(digits, monkeypatch):
    """Weights cut to half precision before each step: right in float64, and near enough for three steps."""
    right = agreement.training_step

    def coarse(workload, networks, batches):
        step = right(workload, networks, batches)

        def rounded(number):
            losses = step(number)
            for network in networks:
                if network.dtype == np.float32:
                    for key in network.params:
                        network.params[key] = network.params[key].astype(np.float16).astype(np.float32)
            return losses

        return rounded

    monkeypatch.setattr(agreement, "training_step", coarse)
    (failure,) = failures(agreement.check(WORKLOADS["small"], digits, 4, 1, seed=0))
    assert "float32 over 20 steps" in failure
