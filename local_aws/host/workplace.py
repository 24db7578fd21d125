"""What the imitated machines share: a folder, loopback addresses, and the one thread that starts processes."""

import shutil
from pathlib import Path

from local_aws.host.addresses import Addresses
from local_aws.host.orphans import Orphans
from local_aws.host.processes import ProcessStarter

PROCESSES = "processes.txt"
TASK_NAMES = Path(__file__).parent / "task_names"  # has the module by which Python programs resolve names


class Workplace:
    """One per local AWS. Leaving it ends every process that was started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images, self.tasks = folder / "images", folder / "tasks"
        self.builds, self.caches, self.programs = folder / "builds", folder / "build-caches", folder / "programs"
        self.functions, self.artifacts = folder / "functions", folder / "artifacts"
        self.orphans = Orphans(folder / PROCESSES)
        self.orphans.reap()
        for used in self._folders:
            shutil.rmtree(used, ignore_errors=True)
            used.mkdir(parents=True)
        self.addresses = Addresses()
        self.processes = ProcessStarter(self.orphans)

    @property
    def _folders(self) -> tuple[Path, ...]:
        """Return the folders that are emptied at the opening: whatever a run that was cut off left is gone then."""
        own = (self.images, self.tasks, self.builds, self.caches, self.programs)
        return (*own, self.functions, self.artifacts)

    def close(self) -> None:
        """Kill what still runs."""
        self.processes.close()
        self.addresses.close()
        self.orphans.reap()


_current: list[Workplace] = []


def open_in(folder: Path) -> Workplace:
    """Opens the workplace of this process's local AWS."""
    _current[:] = [Workplace(folder)]
    return _current[0]


def current() -> Workplace:
    """Return the workplace of this process's local AWS."""
    return _current[0]
