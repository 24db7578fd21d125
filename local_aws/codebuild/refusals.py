"""Why a phase of a build fails, as its context tells it.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_PhaseContext.html
"""


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
