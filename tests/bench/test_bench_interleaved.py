"""Taking turns: everybody as often, none beside itself, the first call of a turn untimed, nothing left to chance."""

from contextlib import contextmanager

import numpy as np
import pytest

from nnfromscratch.bench import interleaved as module
from nnfromscratch.bench.comparison import compared
from nnfromscratch.bench.interleaved import ROUNDS, Times, Variant, interleaved


class Clock:
    """Time that passes only where a variant takes it."""

    def __init__(self):
        self.now, self.calls = 0.0, []

    def variant(self, name, seconds, first_extra=0.0):
        turns = {"fresh": False}

        def call():
            self.calls.append(name)
            self.now += seconds + (first_extra if turns["fresh"] else 0.0)
            turns["fresh"] = False

        @contextmanager
        def around():
            turns["fresh"] = True
            self.calls.append(f"<{name}")
            yield
            self.calls.append(f"{name}>")

        return Variant(call, around)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module.time, "perf_counter", lambda: clock.now)
    monkeypatch.setattr(module.gc, "collect", lambda: clock.calls.append("<gc>"))
    return clock


def measured(clock, seconds=1.0, seed=0, **variants):
    return interleaved(variants, seconds=seconds, rng=np.random.default_rng(seed))


def turns(clock):
    return [call[1:] for call in clock.calls if call.startswith("<") and call != "<gc>"]


def test_the_first_call_of_a_turn_is_not_timed(clock):
    times = measured(clock, a=clock.variant("a", 0.001, first_extra=0.5), b=clock.variant("b", 0.002))
    assert times["a"].median == pytest.approx(1.0)
    assert times["b"].median == pytest.approx(2.0)


def test_in_every_round_each_has_one_turn(clock):
    times = measured(clock, a=clock.variant("a", 0.001), b=clock.variant("b", 0.002), c=clock.variant("c", 0.01))
    rounds = len(times["a"].rounds)
    assert rounds == len(times["b"].rounds) == len(times["c"].rounds) >= ROUNDS[0]
    in_rounds = turns(clock)[6:]  # two turns each to warm up
    assert len(in_rounds) == 3 * rounds
    assert all(sorted(in_rounds[k : k + 3]) == ["a", "b", "c"] for k in range(0, len(in_rounds), 3))
    assert clock.calls.count("<gc>") == rounds  # nobody pays for what another left behind
    assert len({tuple(in_rounds[k : k + 3]) for k in range(0, len(in_rounds), 3)}) > 1  # not always in one order


def test_the_order_is_the_generators(clock):
    orders = []
    for seed in (3, 3, 4):
        clock.calls.clear()
        measured(clock, seed=seed, a=clock.variant("a", 0.001), b=clock.variant("b", 0.001))
        orders.append(turns(clock))
    assert orders[0] == orders[1] != orders[2]


def test_no_call_is_outside_its_own_surroundings(clock):
    measured(clock, a=clock.variant("a", 0.001), b=clock.variant("b", 0.002))
    inside = None
    for call in clock.calls:
        if call == "<gc>":
            assert inside is None
        elif call.startswith("<"):
            assert inside is None
            inside = call[1:]
        elif call.endswith(">"):
            inside = None
        else:
            assert call == inside


@pytest.mark.parametrize("seconds", [0.5, 4.0])
def test_it_takes_about_as_long_as_it_may(clock, seconds):
    began = clock.now
    measured(clock, seconds=seconds, a=clock.variant("a", 0.001), b=clock.variant("b", 0.003))
    assert clock.now - began == pytest.approx(seconds, rel=0.4)


def test_a_slow_variant_gets_its_rounds_all_the_same(clock):
    times = measured(clock, seconds=0.1, a=clock.variant("a", 1.0), b=clock.variant("b", 2.0))
    assert len(times["a"].rounds) == ROUNDS[0]


def test_median_and_quartiles():
    times = Times([5.0, 1.0, 4.0, 2.0, 3.0])
    assert times.median == 3.0
    assert times.quartiles == (2.0, 4.0)


# --- ours against the best ---------------------------------------------------------------------------------------


def test_the_best_is_the_smallest_median_not_the_luckiest_round():
    row = compared({"ours": Times([3.0] * 3), "lucky": Times([0.1, 5.0, 5.0]), "steady": Times([4.0] * 3)})
    assert row["best"] == "steady"
    assert row["ratio_to_best"] == 0.75
    assert row["torch_ms"] == {"lucky": 5.0, "steady": 4.0}
    assert row["rounds"] == 3


def test_what_slows_the_machine_cancels_within_a_round():
    slow = np.array([1.0, 1.0, 3.0, 5.0, 9.0])
    row = compared({"ours": Times(2 * slow), "torch": Times(4 * slow)})
    assert row["ratio_by_round"] == {"median": 0.5, "quartiles": [0.5, 0.5]}
    assert row["ours_quartiles_ms"] == [2.0, 10.0]


def test_ours_alone_has_no_ratio():
    row = compared({"ours": Times([1.0, 2.0, 3.0])})
    assert row["torch_ms"] == {}
    assert row["best"] is row["ratio_to_best"] is row["ratio_by_round"] is None
