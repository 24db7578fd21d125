"""Why a build ends without success: a phase that fails, as its context tells it, a stop, or the end of its time.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_PhaseContext.html
"""

import threading
from time import monotonic


class PhaseError(Exception):
    """A phase that fails; the text is the context's message."""

    code = "CLIENT_ERROR"


class BuildspecError(PhaseError):
    """The buildspec cannot be used."""

    code = "YAML_FILE_ERROR"


class CommandError(PhaseError):
    """A command did not end with 0."""

    code = "COMMAND_EXECUTION_ERROR"


class ParameterError(PhaseError):
    """A variable's parameter cannot be read."""

    code = "Decrypted Variables Error"


class SecretError(PhaseError):
    """A variable's secret cannot be read."""

    code = "Secrets Manager Error"


class BuildEndedError(Exception):
    """The build ends at once, with this status: STOPPED or TIMED_OUT."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


MINUTE = 60.0


class Limit:
    """A build's time in real minutes, whatever the clock of the local AWS: programs take the time that they take."""

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
