"""Tells CodePipeline how its jobs ended, and keeps in the ledger's table the pushes that it brought to their end.

A push has `pk` = pipeline, `sk` = one of its executions.
https://docs.aws.amazon.com/codepipeline/latest/APIReference/ and
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
"""

from dataclasses import asdict
from typing import Any

from botocore.exceptions import ClientError

from release_aws.clients import AwsClient, error_code
from release_aws.items import from_item, to_item
from release_engine.pipeline_job import Push

_SUMMARY = 2048  # characters of what an action says of itself
_MESSAGE = 5000  # characters of why it failed


class Jobs:
    """Tells CodePipeline how a job ended. An answer that it does not take is an error."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def succeed(self, job: str, summary: str) -> None:
        """Say that the action is done or the rule is met."""
        self._client.put_job_success_result(jobId=job, executionDetails=_details(summary))

    def go_on(self, job: str, summary: str, token: str) -> None:
        """Ask CodePipeline to call again with the token, which holds 2,048 characters at most.

        https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html
        """
        self._client.put_job_success_result(jobId=job, continuationToken=token, executionDetails=_details(summary))

    def fail(self, job: str, reason: str, *, misconfigured: bool = False) -> None:
        """Say that the job failed, or that its parameters are wrong.

        https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_FailureDetails.html
        """
        kind = "ConfigurationError" if misconfigured else "JobFailed"
        self._client.put_job_failure_result(
            jobId=job, failureDetails={"type": kind, "message": _line(reason, _MESSAGE)}
        )


def _details(summary: str) -> dict[str, str]:
    return {"summary": _line(summary, _SUMMARY)}


def _line(text: str, limit: int) -> str:
    """Make one line that CodePipeline takes: neither empty nor too long."""
    line = " ".join(text.split()) or "no reason was given"
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


class ToldOtherwiseError(Exception):
    """Says that the ledger has this push with other content, and keeps that."""


class Pushes:
    """Writes each push once."""

    def __init__(self, client: AwsClient, table: str) -> None:
        self._client = client
        self._table = table

    def keep(self, push: Push, *, at: str) -> str:
        """Keep the push, and return when that was first done; ToldOtherwiseError if its content was another then."""
        key = to_item({"pk": "pipeline", "sk": f"push#{push.execution}"})
        values = to_item(asdict(push))
        try:
            self._client.put_item(
                TableName=self._table,
                Item={**key, **values, **to_item({"recorded_at": at})},
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            return self._recorded_at(key, from_item(values))
        return at

    def _recorded_at(self, key: dict[str, Any], values: dict[str, Any]) -> str:
        item = from_item(self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)["Item"])
        kept = {name: item.get(name) for name in values}
        if kept != values:
            raise ToldOtherwiseError(
                f"{item['sk']} was recorded at {item['recorded_at']} as {kept}, now it is {values}"
            )
        return str(item["recorded_at"])
