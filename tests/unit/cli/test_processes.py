"""A cancelled job cleans up, and is not kept from it by a second signal."""

import signal

import pytest

from release.processes import terminated_as_interrupted, undisturbed


def test_a_termination_unwinds_what_is_under_way() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as end, terminated_as_interrupted():
        signal.raise_signal(signal.SIGTERM)
    assert end.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_what_must_be_done_to_its_end_is(sent: signal.Signals) -> None:
    """GitHub sends SIGTERM 7.5 s after SIGINT: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation"""
    before, done = signal.getsignal(sent), []
    with undisturbed():
        signal.raise_signal(sent)
        done.append(True)
    assert (done, signal.getsignal(sent)) == ([True], before)
