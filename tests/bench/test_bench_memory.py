"""The peak of a training step, in a process of its own: more for a larger batch, in MiB, nothing of the libraries."""

import pytest

from nnfromscratch.bench import memory
from nnfromscratch.bench.workloads import WORKLOADS
from nnfromscratch.errors import RunError

linux = pytest.mark.skipif(not memory.can_measure(), reason="the system keeps no mark that can be set back")


@linux
def test_the_peak_is_that_of_the_step(monkeypatch):
    """A batch of 1,024: 3 MiB of images alone, and six passes through the layers; far less than NumPy itself takes."""
    monkeypatch.setattr(memory, "has_torch", lambda: False)
    row = memory.step_memory(WORKLOADS["article-gan"], 1024, seed=0)
    assert (row["workload"], row["batch"]) == ("article-gan", 1024)
    assert 5 < row["ours_mib"] < 40
    assert row["torch_mib"] == {}
    assert row["least"] is row["ratio_to_least"] is None


def test_the_leanest_setting_counts(monkeypatch):
    said = {"ours": 6.0, "contiguous, default Adam": 12.0, "contiguous, fused Adam": 8.0}
    monkeypatch.setattr(memory, "has_torch", lambda: True)
    monkeypatch.setattr(memory, "_in_a_fresh_process", lambda workload, batch, side, seed: said[side])
    row = memory.step_memory(WORKLOADS["article-gan"], 8, seed=0)
    assert row["least"] == "contiguous, fused Adam"
    assert row["ratio_to_least"] == 0.75
    assert row["torch_mib"] == {side: mib for side, mib in said.items() if side != "ours"}


def test_a_process_that_fails_is_told():
    with pytest.raises(RunError, match=r"bench: the memory of article-gan, batch -1, ours expects a step, has .*Error"):
        memory._in_a_fresh_process("article-gan", -1, "ours", 0)
