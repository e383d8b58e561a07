"""Layers: known by forward and params, checked as copies in float64, from the same state every time."""

import numpy as np
import pytest
from gradcheck_examples import Dense, Noisy

from nnfromscratch.errors import RangeError
from nnfromscratch.gradcheck import GradientError, gradcheck


def check(layer, x=None, **options):
    x = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32) if x is None else x
    return gradcheck(layer, x, rng=np.random.default_rng(0), **options)


def test_a_layer_and_its_parameters_are_checked():
    report = check(Dense(np.random.default_rng(0)))
    assert [(entry.name, entry.elements) for entry in report.arguments] == [("x", 20), ("weight", 12), ("bias", 3)]
    assert report.name == "Dense"


def test_wrt_chooses_parameters():
    assert [entry.name for entry in check(Dense(np.random.default_rng(0)), wrt=["bias"]).arguments] == ["bias"]


@pytest.mark.parametrize("training", [True, False])
def test_random_state_is_restored_and_the_callers_layer_left_alone(training):
    layer = Noisy(np.random.default_rng(0))
    before = {name: array.copy() for name, array in layer.params.items()}
    generator = layer.state["rng"].bit_generator.state
    assert check(layer, training=training).passed
    assert layer.state["rng"].bit_generator.state == generator
    assert layer.state["calls"] == 0
    assert not layer.state["mean"].any()
    for name, array in layer.params.items():
        assert array.dtype == np.float32
        assert np.array_equal(array, before[name])


def test_training_is_passed_on():
    seen = set()

    class Watching(Dense):
        def forward(self, x, training=True):
            seen.add(training)
            return super().forward(x)

    check(Watching(np.random.default_rng(0)), training=False)
    assert seen == {False}


def test_astype_is_used_where_a_layer_has_it():
    calls = []

    class Castable(Dense):
        def astype(self, dtype):
            calls.append(dtype)
            self.params = {name: array.astype(dtype) for name, array in self.params.items()}
            return self

    assert check(Castable(np.random.default_rng(0))).passed
    assert calls == [np.float64]


def spoiled(change):
    class Spoiled(Dense):
        def forward(self, x, training=True):
            y, backward = super().forward(x)
            return y, lambda dy: change(*backward(dy), x, self)

    return Spoiled(np.random.default_rng(0))


@pytest.mark.parametrize(
    ("change", "kind", "argument"),
    [
        (lambda dx, g, x, layer: (2 * dx, g), "factor", "x"),
        (lambda dx, g, x, layer: (dx, g | {"weight": -g["weight"]}), "sign", "weight"),
        (lambda dx, g, x, layer: (dx, g | {"bias": g["bias"] / len(x)}), "factor", "bias"),
        (lambda dx, g, x, layer: (dx, {"weight": g["weight"]}), "count", "bias"),
        (lambda dx, g, x, layer: (dx, g | {"extra": 1}), "count", "extra"),
        (lambda dx, g, x, layer: (dx, g | {"weight": g["weight"].T}), "transpose", "weight"),
        (lambda dx, g, x, layer: dx, "structure", "x"),
    ],
)
def test_wrong_layers(change, kind, argument):
    with pytest.raises(GradientError) as caught:
        check(spoiled(change))
    assert (caught.value.report.diagnosis.kind, caught.value.report.diagnosis.argument) == (kind, argument)


def test_a_layer_that_updates_its_parameters_in_backward():
    def learns(dx, grads, x, layer):
        layer.params["weight"] -= 0.1 * grads["weight"]
        return dx, grads

    with pytest.raises(GradientError, match="writes into its argument weight"):
        check(spoiled(learns))


def test_a_layer_that_keeps_x_in_an_attribute():
    class Forgetful(Dense):
        def forward(self, x, training=True):
            self.x = x
            y, backward = super().forward(x)
            return y, lambda dy: (backward(dy)[0], {"weight": self.x.T @ dy, "bias": dy.sum(axis=0)})

    with pytest.raises(GradientError) as caught:
        check(Forgetful(np.random.default_rng(0)))
    assert caught.value.report.diagnosis.kind == "shared-state"


def test_randomness_outside_of_state_is_noticed():
    rng = np.random.default_rng(0)

    class Hidden(Dense):
        def forward(self, x, training=True):
            return super().forward(x * (rng.random(x.shape) > 0.5))

    with pytest.raises(GradientError, match="another result"):
        check(Hidden(np.random.default_rng(0)))


def test_a_layer_over_whole_numbers_has_no_dx():
    class Embedding:
        def __init__(self):
            self.params = {"table": np.random.default_rng(0).normal(size=(5, 3))}

        def forward(self, x, training=True):
            table = self.params["table"]

            def backward(dy):
                dtable = np.zeros_like(table)
                np.add.at(dtable, x, dy)
                return None, {"table": dtable}

            return table[x], backward

    report = check(Embedding(), x=np.array([0, 3, 3, 1]))
    assert [entry.name for entry in report.arguments] == ["table"]


def test_a_layer_takes_one_input():
    layer = Dense(np.random.default_rng(0))
    with pytest.raises(RangeError, match="one input array"):
        gradcheck(layer, np.ones((2, 4)), np.ones(3), rng=np.random.default_rng(0))
