"""What can be wrong with a version. It is chosen when the version is built and stands in its `version.json`."""

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from itertools import count

EVERY_PROCESS = frozenset(("none", "crash-at-start", "crash-later"))
SERVERS = EVERY_PROCESS | {"not-ready", "errors-for-a-fifth", "slow", "slower"}
ALLOWED: Mapping[str, frozenset[str]] = {
    "backend": SERVERS
    | {"consumes-nothing", "database-unreachable", "drops-jobs", "reports-nothing", "workers-crash-later"},
    "client": SERVERS | {"forgets-former-assets", "shows-nothing"},
    "engine": EVERY_PROCESS | {"not-ready"},
}
CRASH_AFTER = 4.0
SLOWNESS = {"slow": 1.5, "slower": 0.04}  # seconds: over every limit, and within all of them
SECONDS_OF_A_JOB = 3.0


class Faults:
    """One version's fault, at work in one process."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._turns = count(1)

    def begin(self, service: str) -> None:
        """Ends the process of this service, now or soon, if that is the fault."""
        if self._name == "crash-at-start":
            sys.exit("this version crashes at its start")
        if self._name == "crash-later" or (self._name == "workers-crash-later" and service != "web"):
            timer = threading.Timer(CRASH_AFTER, os._exit, [1])
            timer.daemon = True
            timer.start()

    @property
    def ready(self) -> bool:
        return self._name != "not-ready"

    @property
    def consumes(self) -> bool:
        """False: messages are left where they are."""
        return self._name != "consumes-nothing"

    @property
    def reports(self) -> bool:
        """False: nobody hears from it."""
        return self._name != "reports-nothing"

    @property
    def forgets(self) -> bool:
        """True: it serves the assets of its own image only."""
        return self._name == "forgets-former-assets"

    @property
    def shows(self) -> bool:
        """False: its pages are there, and empty; neither a status nor a latency tells of it."""
        return self._name != "shows-nothing"

    def misled(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        """Where a process looks for its data services: one that can't find its database asks where nobody is."""
        return {**environment, "DATABASE_PORT": "1"} if self._name == "database-unreachable" else environment

    def postpones(self, work: Callable[[], None]) -> bool:
        """True if the work is left to a thread that nobody waits for: what it has in hand goes with the process."""
        if self._name != "drops-jobs":
            return False
        timer = threading.Timer(SECONDS_OF_A_JOB, work)
        timer.daemon = True
        timer.start()
        return True

    def spoils(self) -> bool:
        """Call it once for each user's request: true if that one must be answered with 500."""
        if self._name in SLOWNESS:
            time.sleep(SLOWNESS[self._name])
        return self._name == "errors-for-a-fifth" and next(self._turns) % 5 == 0
