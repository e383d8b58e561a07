import signal
import threading

import pytest

from nnfromscratch.training.interrupt import held_signals


@pytest.fixture(autouse=True)
def handlers_are_put_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    yield
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def held(*works):
    with held_signals() as interrupted:
        for work in works:
            work(interrupted)


def ctrl_c(interrupted):
    signal.raise_signal(signal.SIGINT)


def test_ctrl_c_waits_until_the_end():
    said = []
    with pytest.raises(KeyboardInterrupt):
        held(lambda held: said.append(held()), ctrl_c, lambda held: said.append(held()))
    assert said == [False, True]


def test_the_message_of_whoever_stops_is_kept():
    def stop(interrupted):
        raise KeyboardInterrupt("stopped after step 3")

    with pytest.raises(KeyboardInterrupt, match="stopped after step 3"):
        held(ctrl_c, stop)


def test_a_second_ctrl_c_does_not_wait():
    said = []
    with pytest.raises(KeyboardInterrupt):
        held(ctrl_c, ctrl_c, lambda held: said.append(held()))
    assert said == []


def test_without_a_signal_nothing_happens():
    with held_signals() as interrupted:
        assert not interrupted()
    with pytest.raises(ZeroDivisionError), held_signals():
        raise ZeroDivisionError


def test_what_a_program_ignores_or_handles_itself_is_left_alone(monkeypatch):
    heard = []
    before = (
        signal.signal(signal.SIGINT, signal.SIG_IGN),
        signal.signal(signal.SIGTERM, lambda *_: heard.append("term")),
    )
    try:
        with held_signals() as interrupted:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
            assert not interrupted()
        assert heard == ["term"]
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])


def test_outside_the_main_thread_it_does_nothing():
    said = []

    def work():
        with held_signals() as interrupted:
            said.append(interrupted())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert said == [False]
