import io
import re
import subprocess
import sys

import numpy as np
import pytest
from death_cases import environment
from training_cases import blobs, mlp

from nnfromscratch.functional import softmax_cross_entropy
from nnfromscratch.optimizers import Adam
from nnfromscratch.training import fit
from nnfromscratch.training.progress import is_terminal


class Terminal(io.StringIO):
    def isatty(self):
        return True


def train(monkeypatch, stream, *, ci="", validation=None, **settings):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(sys, "stderr", stream)
    fit(
        mlp(), blobs(), validation, loss=softmax_cross_entropy, optimizer=Adam(), epochs=2, batch_size=16,
        rng=np.random.default_rng(0), **settings,
    )  # fmt: skip
    return stream.getvalue()


def test_without_standard_error_nobody_is_told(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)  # as Python does where the stream is closed, or under pythonw
    assert not is_terminal()


@pytest.mark.parametrize(
    ("stream", "settings"),
    [
        (io.StringIO(), {}),
        (Terminal(), {"ci": "true"}),
        (Terminal(), {"progress": False}),
        (io.StringIO(), {"progress": False}),
    ],
)
def test_quiet_in_pipes_and_in_ci(monkeypatch, capsys, stream, settings):
    assert train(monkeypatch, stream, **settings) == ""
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("progress", [None, True])
def test_a_bar_in_a_terminal(monkeypatch, progress):
    shown = train(monkeypatch, Terminal(), progress=progress, validation=blobs(16, seed=1))
    assert "epoch 1/2:" in shown
    assert re.search(
        r"epoch 2/2: 100%\S* 64/64 \[.* images/s, loss \d\.\d{4}, accuracy [\d.]+%, "
        r"validation loss \d\.\d{4}, accuracy [\d.]+%\]",
        shown,
    )


@pytest.mark.parametrize("stream_and_ci", [(io.StringIO(), ""), (Terminal(), "1")])
def test_a_line_an_epoch_where_it_is_wanted(monkeypatch, stream_and_ci):
    stream, ci = stream_and_ci
    lines = train(monkeypatch, stream, ci=ci, progress=True, validation=blobs(16, seed=1)).splitlines()
    assert len(lines) == 2
    assert re.fullmatch(
        r"epoch 2/2: loss \d\.\d{4}, accuracy [\d.]+%, validation loss \d\.\d{4}, accuracy [\d.]+%, [\d,]+ images/s",
        lines[1],
    )


def test_importing_training_loads_neither_numba_nor_matplotlib():
    code = "import sys, nnfromscratch.training; print([m for m in ('numba', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True)
    assert done.stdout.strip() == "[]"
