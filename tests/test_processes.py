"""All tests are shared among processes, a few of them are not."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

THREADS = [f"{library}_NUM_THREADS" for library in ("NUMBA", "OPENBLAS", "OMP", "MKL")]


@pytest.fixture
def workers(pytestconfig, monkeypatch):
    """The number of processes for a call of pytest on so many cores; the environment is as before afterwards."""
    file = str(Path(__file__).with_name("conftest.py"))
    conftest = next(
        plugin for plugin in pytestconfig.pluginmanager.get_plugins() if file == getattr(plugin, "__file__", "")
    )
    for name in THREADS:
        monkeypatch.setenv(name, "to be restored")
        monkeypatch.delenv(name)

    def count(cores, source="TESTPATHS", marks="not slow"):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
        source = pytest.Config.ArgsSource[source]
        option = SimpleNamespace(markexpr=marks)
        return conftest.pytest_xdist_auto_num_workers(
            SimpleNamespace(args_source=source, ArgsSource=pytest.Config.ArgsSource, option=option)
        )

    return count


@pytest.mark.parametrize(("cores", "expected"), [(1, 0), (2, 2), (3, 3), (64, 4)])
def test_everything_runs_on_all_cores(workers, cores, expected):
    assert workers(cores) == expected
    threads = {os.environ.get(name) for name in THREADS}
    assert threads == ({"1"} if expected else {None})


def test_a_setting_of_the_users_own_is_left_alone(workers, monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "3")
    workers(2)
    assert os.environ["NUMBA_NUM_THREADS"] == "3"


def test_what_is_asked_for_by_name_and_what_is_slow_runs_in_one_process(workers):
    assert workers(2, source="ARGS") == 0
    assert workers(2, marks="slow") == 0
    assert THREADS[0] not in os.environ
