"""Work in processes that print, fail or do not start."""

from __future__ import annotations

import threading

import pytest
import strange_work

from mmkeras.system import workers


def test_work_in_processes(capfd: pytest.CaptureFixture[str]) -> None:
    with workers.Workers(2) as pool:
        answers = dict(pool.map(strange_work.noisy, ["a", "b", "c", "d", "e"], 2))
        assert answers == {0: ["none"] * 2, 2: ["none"] * 2, 4: ["none"]}
        with pytest.raises(RuntimeError, match=r"KeyError: 'a\\ud800'"):  # a defect of ours is not hidden
            list(pool.map(strange_work.wrong, ["a\ud800"], 1))
        processes = [process._popen for process in pool._processes if process]
        assert 1 <= len(processes) <= 2
    assert all(process.returncode is not None for process in processes)
    assert capfd.readouterr() == ("", "")
    assert threading.active_count() < 20


def test_a_process_that_cannot_start_is_no_fault_of_a_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "START", "import sys; sys.exit(3)")
    with pytest.raises(RuntimeError, match="did not start"), workers.Workers(1) as pool:
        list(pool.map(strange_work.noisy, ["a"], 1))
