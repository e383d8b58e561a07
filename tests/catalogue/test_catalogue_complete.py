"""Everything public is in the catalogue, and every entry is whole."""

import numpy as np
import pytest

from nnfromscratch import functional, kernels, layers
from nnfromscratch.catalogue import LAYERS, OPERATIONS

NOT_LAYERS = {"Layer", "Parameters", "initialize_from_data", "unfused"}
ENTRIES = [pytest.param(entry, id=entry.name) for entry in (*OPERATIONS, *LAYERS)]


def test_every_operation_has_an_entry():
    assert sorted(entry.name for entry in OPERATIONS) == sorted(functional.__all__)
    assert all(entry.function is getattr(functional, entry.name) for entry in OPERATIONS)


def test_every_layer_has_an_entry():
    assert sorted(entry.name for entry in LAYERS) == sorted(set(layers.__all__) - NOT_LAYERS)
    for entry in LAYERS:
        layer = entry.subject(entry.function, entry.arguments("typical"))
        assert type(layer) is getattr(layers, entry.name)


@pytest.mark.parametrize("entry", ENTRIES)
def test_names_are_unique_and_known(entry):
    cases = [case.name for case in entry.cases]
    names = [mistake.name for mistake in entry.mistakes]
    assert "typical" in cases
    assert len(set(cases)) == len(cases)
    assert len(set(names)) == len(names)
    assert names, "an entry without mistakes proves nothing"
    assert all(mistake.case in cases and mistake.operation == entry.name for mistake in entry.mistakes)


@pytest.mark.parametrize("entry", ENTRIES)
def test_each_mistake_says_what_people_do_and_asks_one_thing(entry):
    for mistake in entry.mistakes:
        assert mistake.description[0].islower(), mistake.name
        assert not mistake.description.endswith(".")
        assert mistake.hint[0].isupper()
        assert mistake.hint[-1] in "?."
        assert mistake.hint.count("?") + mistake.hint.count(". ") <= 1, mistake.hint
        assert mistake.function is not entry.function


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_knows_whether_it_computes_with_kernels(entry):
    used = []

    class Watching:
        pass

    def watched(name):
        def kernel(*arguments):
            used.append(name)
            return getattr(original, name)(*arguments)

        return staticmethod(kernel)

    original = kernels.active()
    for name in kernels.NAMES:
        setattr(Watching, name, watched(name))
    with kernels.use(Watching):
        assert entry.check(entry.arguments("typical"), np.random.default_rng(0)).passed
    assert bool(used) == entry.kernels


def test_the_hard_cases_are_there():
    def settings(name):
        entry = next(entry for entry in OPERATIONS if entry.name == name)
        return [entry.arguments(case.name) for case in entry.cases]

    conv = settings("conv2d")
    assert any(a.arrays[2] is None for a in conv)
    assert any(a.arrays[0].shape[0] == 1 for a in conv)
    assert any(a.arrays[0].shape[1] == 1 for a in conv)
    assert any(np.max(a.settings.get("stride", 1)) > max(a.arrays[1].shape[2:]) for a in conv)
    assert any(a.settings.get("padding") == ((2, 0), (1, 3)) for a in conv)
    assert any(len(np.unique(a.arrays[0])) < a.arrays[0].size / 2 for a in settings("max_pool2d"))
    assert any((a.arrays[0] == 0).any() for a in settings("relu"))
    assert any("mean" in a.settings for a in settings("batch_norm"))
    for loss in ("softmax_cross_entropy", "binary_cross_entropy_with_logits", "mean_squared_error"):
        assert {a.settings.get("reduction", "mean") for a in settings(loss)} == {"mean", "sum", "none"}
