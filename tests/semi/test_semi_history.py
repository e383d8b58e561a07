"""The figures of a training: means over the steps between two looks, and back from JSON."""

import json

import pytest

from nnfromscratch.errors import CheckpointError
from nnfromscratch.semi import FewLabelsHistory


def test_means_are_those_of_the_steps_since_the_last_look():
    history = FewLabelsHistory()
    for losses in ({"labelled": 1.0}, {"labelled": 2.0}):
        history.note(losses, 5)
    history.look(0.5)
    for losses in ({"labelled": 4.0, "pseudo-labels": 0.5}, {"labelled": 5.0}, {"labelled": 9.0, "pseudo-labels": 1.5}):
        history.note(losses, 7)
    history.look(0.6)
    history.note({"pseudo-labels": 3.0}, 7)
    history.look(0.7)
    assert history.losses == {"labelled": [1.5, 6.0, None], "pseudo-labels": [None, 1.0, 3.0]}
    assert (history.step, history.samples, history.accuracy) == ([2, 5, 6], [10, 31, 38], [0.5, 0.6, 0.7])


def test_a_look_without_a_step_has_no_means():
    history = FewLabelsHistory()
    history.note({"labelled": 1.0}, 5)
    history.look(0.5)
    history.look(0.5)
    assert history.losses == {"labelled": [1.0, None]}


def test_it_comes_back_from_json_in_the_middle_between_two_looks():
    history, other = FewLabelsHistory(), FewLabelsHistory()
    for each in (history, other):
        each.note({"labelled": 1.0}, 5)
        each.look(0.25)
        each.note({"labelled": 3.0}, 5)
    other = FewLabelsHistory.from_dict(json.loads(json.dumps(other.to_dict())))
    for each in (history, other):
        each.note({"labelled": 4.0}, 5)
        each.look(0.5)
    assert history == other
    assert history.losses["labelled"][-1] == 3.5


def test_what_it_gives_is_a_copy():
    history = FewLabelsHistory()
    history.note({"labelled": 1.0}, 5)
    history.look(0.5)
    history.to_dict()["accuracy"].append(1.0)
    assert history.accuracy == [0.5]


@pytest.mark.parametrize(("change", "said"), [({"speed": 1}, "has also speed"), ({"step": None}, "lacks step")])
def test_other_entries_are_told(change, said):
    figures = {**FewLabelsHistory().to_dict(), **change}
    figures = {name: value for name, value in figures.items() if value is not None}
    with pytest.raises(CheckpointError, match=said):
        FewLabelsHistory.from_dict(figures)
