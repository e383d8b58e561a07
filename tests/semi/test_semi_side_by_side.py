"""Several processes give what one gives; one that dies takes nobody with it; stopped, all leave checkpoints and end."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from few_labels_cases import pictures
from side_by_side_cases import NETWORKS, STEPS, Dying, Meeting, Telling, Unsendable, five_seconds, make, making_fails

from nnfromscratch import archive, kernels
from nnfromscratch.errors import RangeError, RunError
from nnfromscratch.semi import Cell, SideBySide, worker
from nnfromscratch.semi.history import FewLabelsHistory
from nnfromscratch.semi.progress import Course, FewLabelsProgress

TEST = pictures(40, seed=9)


def run(arms, jobs=2, steps=None, seeds=(0, 1, 2), **more):
    one = make(arms, seeds)
    with SideBySide(one, partial(make, arms, seeds), jobs=jobs, kernels="vectorized") as several:
        several.run(steps or {name: {} for name in arms}, on_done=more.pop("on_done", lambda cell: None), **more)
    return one


@pytest.fixture(scope="module")
def in_turn():
    with kernels.use("vectorized"):
        one = make()
        one.run(STEPS, on_done=lambda cell: None)
    return one


@pytest.mark.parametrize("jobs", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_the_same_comes_out_for_any_number_of_processes(jobs, in_turn):
    done = []
    one = run(NETWORKS, jobs, STEPS, on_done=done.append)
    assert list(one.outcomes) == list(in_turn.outcomes) == list(one.cells)
    assert sorted(done, key=str) == sorted(one.cells, key=str)
    for cell, expected in in_turn.outcomes.items():
        found = one.outcomes[cell]
        for name, array in expected.classify.network.params.items():
            np.testing.assert_array_equal(found.classify.network.params[name], array, err_msg=f"{cell} {name}")
        assert (found.samples, found.accuracy) == (expected.samples, expected.accuracy)
        assert found.history.losses == expected.history.losses
        np.testing.assert_array_equal(found.generated, expected.generated)
    for cell, answers in in_turn.test(TEST).items():
        np.testing.assert_array_equal(one.test(TEST)[cell], answers)


def test_each_training_has_one_thread_and_processes_serve_again(monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "2")
    one = run({"telling": Telling()}, seeds=tuple(range(6)))
    assert {outcome.samples for outcome in one.outcomes.values()} == {1}
    processes = {outcome.seconds for outcome in one.outcomes.values()}
    assert len(processes) <= 2
    assert os.getpid() not in processes


@pytest.mark.parametrize(
    ("how", "said"),
    [("signal", "by signal 9 (SIGKILL)"), pytest.param("exit", "with exit code 3", marks=pytest.mark.slow)],
)
def test_a_process_that_dies_is_the_failure_of_its_training_alone(how, said):
    one = run({"dying": Dying(how), "good": Telling()})
    assert one.failures == {
        Cell("dying", 6, 1): f"its process ended {said}",
        Cell("dying", 6, 2): "dying: expects better, is worse",
    }
    assert set(one.outcomes) == set(one.cells) - set(one.failures)


def test_an_outcome_that_cannot_be_sent_is_a_failure():
    one = run({"unsendable": Unsendable(), "good": Telling()}, seeds=(0,))
    assert "its outcome cannot be sent to another process" in one.failures[Cell("unsendable", 6, 0)]
    assert list(one.outcomes) == [Cell("good", 6, 0)]


def test_what_came_out_is_brought_into_the_order_of_the_cells(in_turn):
    one = make()
    one.outcomes = dict(reversed(in_turn.outcomes.items()))
    one.failures = {cell: cell.title for cell in reversed(list(one.cells))}
    one.sort()
    assert list(one.outcomes) == list(one.failures) == list(one.cells)


def test_where_every_arm_fails_there_is_no_result():
    one = make()
    with (
        pytest.raises(RunError, match="every arm failed, the first: no images any more"),
        SideBySide(one, partial(making_fails, "no images any more"), jobs=2, kernels="vectorized") as several,
    ):
        several.run(STEPS, on_done=lambda cell: None)


def test_steps_are_timed_in_all_processes_at_once_and_the_slowest_decides(tmp_path):
    arms, said = {"meeting": Meeting(tmp_path, 3), "telling": Telling()}, []
    one = make(arms)
    with SideBySide(one, partial(make, arms), jobs=3, kernels="vectorized") as several:
        steps = several.plan(1.0, min, on_plan=lambda *given: said.append(given))
    assert steps == {"meeting": {"training": 5, "more": 3}, "telling": {}}
    assert said == list(steps.items())
    assert not one.failures


def test_an_arm_that_cannot_be_planned_has_failed_for_every_label_set():
    one = make()
    with SideBySide(one, make, jobs=2, kernels="vectorized") as several:
        several.warm_up()
        steps = several.plan(1.0, five_seconds, on_plan=lambda *_: None)
    assert not steps
    assert set(one.failures) == set(one.cells)
    assert set(one.failures.values()) == {"a budget of 1 s is too short for one step, which takes 5 s"}


def test_no_process_is_no_number_of_processes():
    with pytest.raises(RangeError, match="SideBySide: jobs expects a whole number of at least 1, is 0"):
        SideBySide(make(), make, jobs=0)


def test_how_far_a_training_has_come_is_told_with_its_name():
    told = []
    run({"all": NETWORKS["all"]}, 1, {"all": {"training": 40}}, seeds=(0,), on_course=lambda *news: told.append(news))
    cell, course = told[0]
    assert cell == Cell("all", 6, 0)
    assert course == Course("all, 6 labels, seed 0 training", 1, 40, course.accuracy)


def test_a_function_is_told_of_every_step():
    told, history = [], FewLabelsHistory()
    progress = FewLabelsProgress(told.append, 2, "it")
    for _ in range(2):
        history.note({}, 1)
        progress.step(history)
        history.look(0.5)
    assert told == [Course("it", 1, 2, None), Course("it", 2, 2, 0.5)]


def test_a_report_that_nobody_hears_any_more_does_not_keep_a_training_from_its_checkpoint():
    ours, theirs = multiprocessing.Pipe()
    report = worker.reports_through(theirs)
    ours.close()
    report(Course("it", 1, 2, None))
    theirs.close()


# --- stopped -----------------------------------------------------------------------------------------------------

START = "import sys; from pathlib import Path; import side_by_side_cases as c; c.train_forever(Path(sys.argv[1]))"


def alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def steps_done(path):
    return archive.read_archive(path)[1]["history"]["steps_done"]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize(
    ("number", "to_all", "code"),
    [
        (signal.SIGINT, True, -signal.SIGINT),  # Ctrl-C in a terminal is for the whole group
        pytest.param(signal.SIGINT, False, -signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, False, -signal.SIGTERM, marks=pytest.mark.slow),
        (signal.SIGKILL, False, -signal.SIGKILL),
    ],
    ids=str,
)
def test_stopped_all_processes_leave_checkpoints_and_end(number, to_all, code, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", START, str(tmp_path)],
        cwd=Path(__file__).parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    children = [int(word) for word in process.stdout.readline().split()]
    assert len(children) == 2
    assert all(alive(child) for child in children)
    paths = [tmp_path / f"all-6-labels-seed-{seed}" / "training.npz" for seed in (0, 1)]
    wait_until(lambda: all(path.exists() for path in paths))
    assert [steps_done(path) for path in paths] == [0, 0]  # the next comes after 10 s
    time.sleep(0.3)
    (os.killpg if to_all else os.kill)(process.pid, number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code
    wait_until(lambda: not any(alive(child) for child in children))
    assert all(steps_done(path) > 0 for path in paths)
    assert said.count("Traceback") == (number == signal.SIGINT)  # the parent's own: children go without a word
