"""What every test may rely on, however the test run was started, and how tests are shared among processes."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# Folders whose tests share what is deployed, and so belong to one process each. What takes longest comes first.
PUSH, STORIES, WORKFLOWS, STAGING = (f"rehearsal/{name}" for name in ("push", "stories", "workflows", "deployment"))
STAGES = 2  # on which stories are played side by side; the workflows run on the first of them


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> Iterator[None]:
    """A job that a shell starts in the background ignores SIGINT, and so would Python and everything that it starts."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests belong to one process, and put the longest groups first, as pytest-xdist deals them out."""
    items.sort(key=_turn)
    stories = 0
    for item in items:
        group = _group(item)
        if group == STORIES:
            group, stories = f"{STORIES}-{stories % STAGES}", stories + 1
        item.add_marker(pytest.mark.xdist_group(group))


def _group(item: pytest.Item) -> str:
    folder = _folder(item)
    if folder == WORKFLOWS:
        return f"{STORIES}-0"
    return folder if folder in (PUSH, STORIES, STAGING) else f"{folder}/{item.path.stem}"


def _turn(item: pytest.Item) -> int:
    """Return the place of the item's folder in the order; the order within a folder stays."""
    folder = _folder(item)
    order = (PUSH, STORIES, WORKFLOWS, STAGING, "local_aws", "")
    return next(turn for turn, prefix in enumerate(order) if folder.startswith(prefix))


def _folder(item: pytest.Item) -> str:
    return item.path.parent.relative_to(TESTS).as_posix()
