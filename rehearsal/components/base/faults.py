"""What can be wrong with a version. It is chosen when the version is built and stands in its `version.json`."""

import os
import sys
import threading
import time
from collections.abc import Mapping
from itertools import count

EVERY_PROCESS = frozenset(("none", "crash-at-start", "crash-later"))
SERVERS = EVERY_PROCESS | {"not-ready", "errors-for-a-fifth", "slow"}
ALLOWED: Mapping[str, frozenset[str]] = {"backend": SERVERS, "client": SERVERS, "engine": EVERY_PROCESS | {"not-ready"}}
CRASH_AFTER = 4.0
SLOWNESS = 1.5


class Faults:
    """One version's fault, at work in one process."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._turns = count(1)

    def begin(self) -> None:
        """Ends the process, now or soon, if that is the fault."""
        if self._name == "crash-at-start":
            sys.exit("this version crashes at its start")
        if self._name == "crash-later":
            timer = threading.Timer(CRASH_AFTER, os._exit, [1])
            timer.daemon = True
            timer.start()

    @property
    def ready(self) -> bool:
        return self._name != "not-ready"

    def spoils(self) -> bool:
        """Call it once for each user's request: true if that one must be answered with 500."""
        if self._name == "slow":
            time.sleep(SLOWNESS)
        return self._name == "errors-for-a-fifth" and next(self._turns) % 5 == 0
