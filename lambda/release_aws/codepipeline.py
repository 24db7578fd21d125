"""Jobs of CodePipeline. https://docs.aws.amazon.com/codepipeline/latest/APIReference/"""

from release_aws.clients import AwsClient

_SUMMARY = 2048  # characters of what an action says of itself
_MESSAGE = 5000  # characters of why it failed


class Jobs:
    """Tells CodePipeline how a job ended. An answer that it does not take is an error."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def succeed(self, job: str, summary: str) -> None:
        """The action is done, the rule is met."""
        self._client.put_job_success_result(jobId=job, executionDetails=_details(summary))

    def go_on(self, job: str, summary: str, token: str) -> None:
        """CodePipeline calls again, and hands over the token, which holds 2,048 characters at most.

        https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html
        """
        self._client.put_job_success_result(jobId=job, continuationToken=token, executionDetails=_details(summary))

    def fail(self, job: str, reason: str, *, misconfigured: bool = False) -> None:
        """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_FailureDetails.html"""
        kind = "ConfigurationError" if misconfigured else "JobFailed"
        self._client.put_job_failure_result(
            jobId=job, failureDetails={"type": kind, "message": _line(reason, _MESSAGE)}
        )


def _details(summary: str) -> dict[str, str]:
    return {"summary": _line(summary, _SUMMARY)}


def _line(text: str, limit: int) -> str:
    """One line that CodePipeline takes: neither empty nor too long."""
    line = " ".join(text.split()) or "no reason was given"
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
