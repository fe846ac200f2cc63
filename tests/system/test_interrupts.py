"""Ctrl-C: the first one unwinds, the second one ends at once, and what belongs together is not torn apart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import small_runs

from mmkeras.system.interrupts import SAME, deferred, handled, listening

STUBBORN = """
import signal, subprocess, sys, time
from mmkeras.system.interrupts import children, listening
with listening():
    child = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    children.add(child)
    while True:  # a library that swallows the first one
        try:
            print(child.pid, flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            print("swallowed", flush=True)
"""


def test_a_second_signal_ends_at_once_with_the_processes() -> None:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", STUBBORN]
    with subprocess.Popen(command, env=small_runs.environment(), **pipes) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        watchdog = threading.Timer(60, process.kill)  # a lost signal is a failure, not a wait
        watchdog.start()
        child = int(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "swallowed\n"
        deadline = small_runs.Deadline(0.4)  # the same key press until then
        while deadline.is_ahead():
            pass
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 143
        assert process.stderr.read().strip() == "ended at once"
        watchdog.cancel()
    assert ends(child)


def ends(process: int) -> bool:
    """Does a process that was killed end? Or is it a zombie, if nobody asks for its exit code."""
    state, deadline = Path(f"/proc/{process}/stat"), small_runs.Deadline(10)
    while deadline.is_ahead():
        try:
            if state.read_text(encoding="utf-8").split()[2] == "Z":
                return True
        except OSError:
            return True
    return False


def interrupt(number: signal.Signals) -> None:
    """Send a signal to this process, and give the handler a moment."""
    os.kill(os.getpid(), number)
    threading.Event().wait(0.05)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_is_an_interruption(number: signal.Signals, code: int) -> None:
    with listening() as signals, pytest.raises(KeyboardInterrupt):
        interrupt(number)
    assert signals.code == code
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class Interrupted:
    """An interruption arrives while its `__del__` runs, where Python prints an exception and goes on."""

    def __del__(self) -> None:
        interrupt(signal.SIGINT)


def test_an_interruption_that_python_swallows_is_raised_again(capfd: pytest.CaptureFixture[str]) -> None:
    swallowed, hook = Interrupted(), sys.unraisablehook
    with listening() as signals:
        del swallowed
        with pytest.raises(KeyboardInterrupt):
            threading.Event().wait(10)
        assert signals.first == signal.SIGINT
    assert sys.unraisablehook is hook
    assert capfd.readouterr() == ("", "")


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with listening() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
        assert signals.first is None
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("listens", [True, False])
def test_what_belongs_together_is_done_first(listens: bool) -> None:
    done = []

    def write_both() -> None:
        with deferred():
            interrupt(signal.SIGINT)
            done.append("whole")
        done.append("after")

    with listening() if listens else threading.Lock(), pytest.raises(KeyboardInterrupt):
        write_both()
    assert done == ["whole"]


def test_a_prompt_goes_on_after_ctrl_c() -> None:
    with listening() as signals:
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                interrupt(signal.SIGINT)
            assert handled()
            assert signals.first is None
            threading.Event().wait(0.1)  # it is not raised a second time
        threading.Event().wait(SAME)
        with pytest.raises(KeyboardInterrupt):
            interrupt(signal.SIGTERM)
        assert not handled()
