"""The proof of the gradient checker: what is planted is caught and called by its name."""

import numpy as np
import pytest

from nnfromscratch.catalogue import LAYERS, OPERATIONS
from nnfromscratch.catalogue.planted import general, mistakes
from nnfromscratch.layers import Layer

ENTRIES = [pytest.param(entry, id=entry.name) for entry in (*OPERATIONS, *LAYERS)]
MANNERS = {"written", "second-call", "shared-state", "count", "structure", "shape"}


def require_caught(faults):
    for fault in faults:
        report = fault.report(np.random.default_rng(1))
        assert not report.passed, f"{fault.entry.name}: {fault.name} was not caught"
        kind = report.diagnosis.kind
        assert not fault.kinds or kind in fault.kinds, f"{fault.name}: {kind}, expected {fault.kinds}\n{report}"


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_mistake_is_caught_and_named(entry):
    require_caught(mistakes(entry))


@pytest.mark.parametrize("entry", [entry for entry in OPERATIONS if entry.name in ("dense", "softmax")])
def test_general_faults_are_caught_and_named(entry):
    require_caught(general(entry))


@pytest.mark.slow
@pytest.mark.parametrize("entry", ENTRIES)
def test_general_faults_are_caught_and_named_everywhere(entry):
    require_caught(general(entry))


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_mistake_changes_the_gradient_and_nothing_else(entry):
    for mistake in entry.mistakes:
        arguments = entry.arguments(mistake.case)
        y, right = result_and_gradients(entry, entry.function, arguments)
        wrong_y, wrong = result_and_gradients(entry, mistake.function, arguments)
        np.testing.assert_allclose(y, wrong_y, rtol=1e-12, err_msg=mistake.name)
        if mistake.kind not in MANNERS:
            assert [g is None for g in right] == [g is None for g in wrong]
            differences = [
                np.shape(a) != np.shape(b) or np.max(np.abs(a - b)) > 1e-4 * np.max(np.abs(a))
                for a, b in zip(right, wrong, strict=True)
                if a is not None
            ]
            assert any(differences), mistake.name


def result_and_gradients(entry, function, arguments):
    subject = entry.subject(function, arguments)
    rng = np.random.default_rng(3)
    if isinstance(subject, Layer):
        y, backward = subject.astype(np.float64).forward(arguments.arrays[0], training=arguments.training)
        dx, grads = backward(rng.standard_normal(y.shape))
        return y, [dx, *(grads.values() if isinstance(grads, dict) else grads)]
    y, backward = subject(*arguments.arrays)
    gradients = backward(rng.standard_normal(np.shape(y)) if np.ndim(y) else 2.5)
    return y, list(gradients) if isinstance(gradients, tuple) else [gradients]


def test_enough_is_planted_and_of_every_kind_that_must_be_named():
    kinds = [mistake.kind for entry in (*OPERATIONS, *LAYERS) for mistake in entry.mistakes]
    assert len(kinds) >= 150
    assert {"factor", "sign", "transpose", "flipped", "missing-sum", "missing-term"} <= set(kinds)


@pytest.mark.parametrize("name", ["softmax", "batch_norm", "layer_norm"])
def test_the_zero_gradient_is_among_them(name):
    entry = next(entry for entry in OPERATIONS if entry.name == name)
    assert any(mistake.name == "zero gradient" and mistake.kind == "zero" for mistake in entry.mistakes)


def test_one_wrong_element_in_a_large_array_is_among_them():
    entry = next(entry for entry in OPERATIONS if entry.name == "dense")
    (fault,) = (fault for fault in mistakes(entry) if fault.name == "large: one wrong element")
    assert fault.arguments.arrays[0].size >= 20_000
    assert fault.report(np.random.default_rng(0)).diagnosis.kind == "one-element"


def test_one_part_in_ten_thousand_is_among_them():
    assert all(any("one in 10,000" in fault.name for fault in general(entry)) for entry in OPERATIONS)


def test_general_faults_take_turns_on_the_arguments():
    entry = next(entry for entry in OPERATIONS if entry.name == "dense")
    names = [fault.name for fault in general(entry)]
    for argument in ("dx", "dweight", "dbias"):
        assert sum(name.startswith(f"{argument}: ") for name in names) >= 4
    assert len(set(names)) == len(names)


def test_a_fault_that_changes_nothing_is_not_planted():
    entry = next(entry for entry in OPERATIONS if entry.name == "avg_pool2d")
    assert not any("state of the last call" in fault.name for fault in general(entry))
    entry = next(entry for entry in OPERATIONS if entry.name == "sigmoid")
    assert any("state of the last call" in fault.name for fault in general(entry))
