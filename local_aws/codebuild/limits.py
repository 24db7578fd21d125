"""How long a build may go on."""

import threading
from time import monotonic

from local_aws.codebuild.refusals import BuildEndedError

MINUTE = 60.0


class Limit:
    """Real minutes, whatever the clock of the local AWS: programs take the time that they take."""

    def __init__(self, minutes: float) -> None:
        self._deadline = monotonic() + minutes * MINUTE
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Leave no time from now on."""
        self._stopping.set()

    def require(self) -> None:
        """Raise BuildEndedError if the build was stopped, or has had its time."""
        if self._stopping.is_set():
            raise BuildEndedError("STOPPED")
        if monotonic() > self._deadline:
            raise BuildEndedError("TIMED_OUT")
