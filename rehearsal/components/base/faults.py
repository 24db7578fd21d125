"""The faults that a version can have on purpose. The build writes the chosen one into the image's `version.json`.

What users and operators see of each:

crash-at-start         no process stays up: every one ends with an error as soon as it is started
crash-later            every process starts well and ends with an error four seconds later
workers-crash-later    every process of the backend but the web ends with an error four seconds after its start
not-ready              the process lives, and its readiness in depth always answers 503
database-unreachable   `/up` answers 200, users' requests 503, and so does readiness in depth, naming the database
errors-for-a-fifth     every fifth request of users is answered with 500
slow, slower           each request of users takes 1.5 s or 0.04 s longer: over every limit, or within all of them
consumes-nothing       trades are not written into the database, and the consumer lag grows
reports-nothing        all works, and no metric of the version's own arrives: neither consumer lag nor queue latency
drops-jobs             orders are confirmed three seconds late, and never if their worker is stopped meanwhile
forgets-former-assets  pages of former versions that are still open get 404 for their scripts and styles
shows-nothing          the page comes at once and with status 200, but lists no market
"""

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
    """The fault of the version that runs in this process. A process asks at each point where a fault can act."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._turns = count(1)

    def begin(self, service: str) -> None:
        """End the process of this service, at once or in CRASH_AFTER seconds, if the fault is a crash."""
        if self._name == "crash-at-start":
            sys.exit("this version crashes at its start")
        if self._name == "crash-later" or (self._name == "workers-crash-later" and service != "web"):
            timer = threading.Timer(CRASH_AFTER, os._exit, [1])
            timer.daemon = True
            timer.start()

    @property
    def ready(self) -> bool:
        """Whether readiness in depth may answer 200."""
        return self._name != "not-ready"

    @property
    def consumes(self) -> bool:
        """Whether the Kafka consumer reads messages; if not, they stay in the topic."""
        return self._name != "consumes-nothing"

    @property
    def reports(self) -> bool:
        """Whether processes publish metrics of their own."""
        return self._name != "reports-nothing"

    @property
    def forgets(self) -> bool:
        """Whether the client serves the assets of its own image only, and 404 for those of former versions."""
        return self._name == "forgets-former-assets"

    @property
    def shows(self) -> bool:
        """Whether pages list the markets; if not, neither a status nor a latency gives it away."""
        return self._name != "shows-nothing"

    def misled(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        """Return the environment variables, changed so that no database can be reached if that is the fault."""
        return {**environment, "DATABASE_PORT": "1"} if self._name == "database-unreachable" else environment

    def postpones(self, work: Callable[[], None]) -> bool:
        """Return False if the caller must do the work now, as good versions do.

        Else start a thread that does it in SECONDS_OF_A_JOB: nobody waits for it, so the work is lost with the process.
        """
        if self._name != "drops-jobs":
            return False
        timer = threading.Timer(SECONDS_OF_A_JOB, work)
        timer.daemon = True
        timer.start()
        return True

    def spoils(self) -> bool:
        """Delay a user's request if the fault is slowness, and return whether it must be answered with 500.

        Call it once for each request.
        """
        if self._name in SLOWNESS:
            time.sleep(SLOWNESS[self._name])
        return self._name == "errors-for-a-fifth" and next(self._turns) % 5 == 0
