"""What a user sees while two networks play."""

import re
import sys

import pytest
from game_cases import play

from nnfromscratch import kernels
from nnfromscratch.training import progress


@pytest.fixture(autouse=True)
def numpy_kernels():
    with kernels.use("vectorized"):
        yield


@pytest.fixture
def terminal(monkeypatch):
    from nnfromscratch.gan import progress as of_games

    monkeypatch.setattr(of_games, "is_terminal", lambda: True)


FIGURES = r"losses D \d+\.\d{3} G \d+\.\d{3}, scores real [+-]\d+\.\d\d generated [+-]\d+\.\d\d"


def test_a_bar_with_both_losses_and_scores(terminal, capsys):
    *_, history = play(steps=5)
    shown = capsys.readouterr().err
    last = shown.rstrip("\n").split("\r")[-1]
    assert "5/5" in last
    assert re.search(FIGURES, last)
    for figure in (history.discriminator_loss, history.generator_loss):
        assert f"{figure[-1]:.3f}" in last
    for figure in (history.real_score, history.generated_score):
        assert f"{figure[-1]:+.2f}" in last


def test_a_resumed_game_s_bar_begins_where_it_stands(terminal, capsys, tmp_path):
    settings = {"checkpoint": tmp_path / "game.npz", "resume": True}
    play(steps=3, **settings)
    capsys.readouterr()
    play(steps=5, **settings)
    shown = capsys.readouterr().err
    assert "3/5" in shown
    assert "0/5" not in shown


def test_no_bar_where_nobody_looks(capsys):
    play(steps=3)
    play(steps=3, progress=False)
    assert capsys.readouterr().err == ""


def test_no_bar_where_none_is_wanted(terminal, capsys):
    play(steps=3, progress=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("steps", "lines"), [(1, 1), (7, 7), (20, 20), (50, 25), (45, 23)])
def test_lines_elsewhere_when_asked_for(capsys, steps, lines):
    play(steps=steps, progress=True)
    shown = capsys.readouterr().err.splitlines()
    assert len(shown) == lines
    assert all(re.fullmatch(rf"step \d+/{steps}: {FIGURES}", line) for line in shown)
    assert shown[-1].startswith(f"step {steps}/{steps}: ")


def test_whether_somebody_watches_is_asked_as_everywhere(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert not progress.is_terminal()
