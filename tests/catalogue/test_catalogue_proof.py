"""The proof counts rightly, and the command says it and exits accordingly."""

import dataclasses

import numpy as np
import pytest

from nnfromscratch import kernels
from nnfromscratch.catalogue import CONV2D, OPERATIONS, command, proof
from nnfromscratch.catalogue.case import Arguments, Case
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake
from nnfromscratch.errors import RangeError


def double(x):
    return 2 * x, lambda dy: 2 * dy


def wrong_double(x):
    return 2 * x, lambda dy: 2.001 * dy


def _entry(function, planted, **changes):
    def make(rng):
        return Arguments((rng.standard_normal((2, 3)),))

    mistake = Mistake("double", "typed wrong", None, "types 2.001", "Is it 2?", planted)
    return dataclasses.replace(Entry("double", function, (Case("typical", make),), make, (mistake,)), **changes)


def test_a_right_entry_has_neither_alarms_nor_misses():
    (row,) = proof.prove(_entry(double, wrong_double), ["vectorized"], randoms=2)
    assert row.right
    assert (row.name, row.kernels, row.cases, row.elements) == ("double", "any", 3, 18)
    assert (row.alarms, row.unclear, row.missed) == ((), (), ())
    assert row.planted > 10
    assert row.worst < 1e-9


def test_a_wrong_gradient_raises_an_alarm_at_every_case():
    (row,) = proof.prove(_entry(wrong_double, wrong_double), ["vectorized"], randoms=2, quick=True)
    assert row.alarms == ("typical", "random 0", "random 1")
    assert not row.right


def test_a_mistake_that_is_none_is_missed():
    (row,) = proof.prove(_entry(double, lambda x: double(x)), ["vectorized"], quick=True)
    assert (row.planted, row.missed) == (1, ("typed wrong",))
    assert not row.right


def test_what_rounding_hides_is_unclear_and_no_alarm():
    def hidden(x):
        return 1e4 + 1e-9 * np.sin(x), lambda dy: 1e-9 * np.cos(x) * dy

    (row,) = proof.prove(_entry(hidden, wrong_double), ["vectorized"], randoms=0, quick=True)
    assert (row.alarms, row.unclear) == ((), ("typical",))
    assert row.right


def test_each_set_of_kernels_gets_a_row_and_the_faults_come_once():
    used = []

    def spying(x):
        used.append(kernels.active().conv2d.__module__.split(".")[-1])
        return double(x)

    entry = _entry(spying, wrong_double, kernels=True)
    rows = list(proof.prove(entry, ["loops", "vectorized"], randoms=1, quick=True))
    assert [(row.kernels, row.planted) for row in rows] == [("loops", 0), ("vectorized", 1)]
    assert set(used) == {"loops", "vectorized"}


def test_random_arguments_are_drawn_anew_each_time():
    seen = set()

    def remembering(x):
        seen.add(x.shape)
        return double(x)

    def of_any_length(rng):
        return Arguments((np.ones(int(rng.integers(1, 10**6)) % 50 + 1),))

    list(proof.prove(_entry(remembering, wrong_double, random=of_any_length), ["vectorized"], randoms=5, quick=True))
    assert len(seen) >= 5


def test_loops_are_spared_what_is_large():
    entry = _entry(double, wrong_double, kernels=True)
    entry = dataclasses.replace(entry, cases=(*entry.cases, Case("large", entry.random, large=True)))
    rows = list(proof.prove(entry, ["loops", "vectorized"], randoms=0, quick=True))
    assert [row.cases for row in rows] == [1, 2]


@pytest.mark.parametrize("quick", [True, False])
def test_ticks_are_counted_beforehand(quick):
    entry, ticks = _entry(double, wrong_double, kernels=True), []
    sets = ["loops", "vectorized"]
    list(proof.prove(entry, sets, randoms=3, quick=quick, tick=lambda: ticks.append(1)))
    assert len(ticks) == proof.ticks(entry, sets, 3, quick)


def test_what_does_not_pass_can_be_seen_again(monkeypatch):
    monkeypatch.setattr(proof, "OPERATIONS", (_entry(double, wrong_double), _entry(wrong_double, wrong_double)))
    monkeypatch.setattr(proof, "LAYERS", ())
    found = proof.not_passed(4, seed=7)
    assert [(name, seed) for name, seed, _ in found] == [("double", 8), ("double", 10)]
    assert found[0][2] == proof.random_report(_entry(wrong_double, wrong_double), 8)


def test_the_command_prints_a_table_and_gives_zero(capsys):
    assert command.main(operation="flatten", kernels="vectorized", quick=True) == 0
    out = capsys.readouterr().out
    header, _, line, _, total, last = out.splitlines()
    assert header.split()[:3] == ["operation", "or", "layer"]
    assert line.split()[:2] == ["flatten", "any"]
    assert line.split()[-2:] == ["6", "6"]
    assert total.split()[0] == "all"
    assert last.startswith("Every gradient is right")


@pytest.mark.parametrize(
    ("function", "planted", "said"),
    [(wrong_double, wrong_double, "false alarm: double on any kernels: typical"), (double, double, "missed: double: ")],
)
def test_the_command_gives_one_where_anything_is_wrong(monkeypatch, capsys, function, planted, said):
    monkeypatch.setattr(command, "OPERATIONS", (_entry(function, planted),))
    monkeypatch.setattr(command, "LAYERS", ())
    assert command.main(kernels="vectorized", quick=True) == 1
    assert said in capsys.readouterr().out


def test_the_seed_decides_the_cases(capsys):
    outs = []
    for seed in (0, 0, 1):
        command.main(operation="dense", kernels="vectorized", quick=True, seed=seed)
        outs.append(capsys.readouterr().out)
    assert outs[0] == outs[1] != outs[2]


def test_kernels_with_commas():
    assert command.chosen_sets("loops, compiled") == ["loops", "compiled"]
    assert command.chosen_sets(None)[:2] == ["loops", "vectorized"]


def test_without_numba_the_compiled_set_is_left_out(monkeypatch):
    monkeypatch.setattr(kernels, "default", lambda: "vectorized")
    assert command.chosen_sets(None) == ["loops", "vectorized"]


def test_unknown_names_are_told():
    with pytest.raises(RangeError, match="--kernels expects one of loops, vectorized, compiled; is 'loop'"):
        command.main(kernels="loop")
    with pytest.raises(RangeError, match=r"--operation expects .*did you mean 'conv2d'"):
        command.main(operation="conv2")


def test_totals_add_up():
    rows = [
        proof.Row("a", "loops", 2, 1000, 1e-9, (), ("random 3",), 0, ()),
        proof.Row("a", "compiled", 3, 500, 2e-8, ("typical",), (), 7, ("sign",)),
    ]
    lines = command.table(rows).splitlines()
    assert lines[2].split() == ["a", "loops", "2", "1,000", "1.0e-09", "0", "1"]
    assert lines[3].split() == ["compiled", "3", "500", "2.0e-08", "1", "0", "7", "6"]
    assert lines[5].split() == ["all", "5", "1,500", "2.0e-08", "1", "1", "7", "6"]
    assert lines[6:] == [
        "false alarm: a on compiled kernels: typical",
        "missed: a: sign",
        "could not be checked, rounding hides the slopes: a on loops kernels: random 3",
        "Something is wrong.",
    ]


@pytest.mark.parametrize("name", ["loops", "vectorized"])
def test_convolution_is_proven_on_the_other_kernels_too(name):
    (row,) = proof.prove(dataclasses.replace(CONV2D, mistakes=()), [name], randoms=3, quick=True)
    assert not row.alarms
    assert row.kernels == name


def test_operations_say_their_own_name():
    rng = np.random.default_rng(0)
    for entry in OPERATIONS:
        assert entry.check(entry.arguments("typical"), rng).name == entry.name
