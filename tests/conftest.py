"""What every test may rely on, however the test run was started, and how tests are shared among processes."""

import signal
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from xdist.scheduler import LoadScopeScheduling

# Folders whose tests share what is deployed, and so belong to one process each. What takes longest comes first.
PUSH, STORIES, WORKFLOWS, STAGING = (
    f"tests/rehearsal/{name}" for name in ("push", "stories", "workflows", "deployment")
)
STAGES = 2  # on which stories are played side by side
MEASURED_SECONDS = 1.0


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> Iterator[None]:
    """A job that a shell starts in the background ignores SIGINT, and so would Python and everything that it starts."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest groups first: pytest-xdist deals them out in this order, which stays within a folder."""
    order = (PUSH, STORIES, WORKFLOWS, STAGING, "tests/local_aws", "")
    items.sort(key=lambda item: next(turn for turn, prefix in enumerate(order) if item.nodeid.startswith(prefix)))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many processes `--numprocesses=auto` starts: two where two processors are idle, one on a busy machine.

    A gate judges how fast a version answers, and a starved version is a slow one. So stages have a processor each,
    and where there is none to spare there is one stage.
    """
    idle = (psutil.cpu_count() or 1) * (1 - psutil.cpu_percent(MEASURED_SECONDS) / 100)
    return STAGES if idle > STAGES - 0.5 else 1


class StageScheduling(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Deals out files, but all tests that share a stage to one process.

    https://pytest-xdist.readthedocs.io/en/stable/how-to.html (custom schedulers). Its own groups (`--dist=loadgroup`)
    have no effect with this version of pytest, whose tests keep their names elsewhere than the plugin writes them.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._stage_of = dict[str, int]()

    def _split_scope(self, nodeid: str) -> str:
        """Return the group of a test; stories are dealt to the stages in turn."""
        if nodeid.startswith(STORIES):
            return f"{STORIES}-{self._stage_of.setdefault(nodeid, len(self._stage_of)) % STAGES}"
        return next(
            (folder for folder in (PUSH, WORKFLOWS, STAGING) if nodeid.startswith(folder)), nodeid.partition("::")[0]
        )


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> StageScheduling:
    return StageScheduling(config, log)
