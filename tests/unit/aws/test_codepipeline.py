"""What CodePipeline is told of a job keeps within its limits."""

from typing import Any

import pytest

from release_aws.codepipeline import Jobs
from tests.unit.aws.fake_codepipeline import CodePipeline


@pytest.fixture
def pipeline() -> CodePipeline:
    return CodePipeline()


@pytest.fixture
def job(pipeline: CodePipeline) -> dict[str, Any]:
    return pipeline.job(None)


def name(job: dict[str, Any]) -> str:
    return str(job["CodePipeline.job"]["id"])


def test_a_job_that_is_done_says_so_without_a_token(pipeline: CodePipeline, job: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html"""
    Jobs(pipeline).succeed(name(job), "8 checks passed")
    assert pipeline.result(job) == {"jobId": name(job), "executionDetails": {"summary": "8 checks passed"}}


def test_a_job_that_goes_on_hands_over_its_token(pipeline: CodePipeline, job: dict[str, Any]) -> None:
    Jobs(pipeline).go_on(name(job), "round 1", "pipeline-1")
    assert pipeline.result(job)["continuationToken"] == "pipeline-1"
    assert pipeline.result(job)["executionDetails"] == {"summary": "round 1"}


@pytest.mark.parametrize(("misconfigured", "kind"), [(False, "JobFailed"), (True, "ConfigurationError")])
def test_a_failure_is_told_by_its_kind(
    pipeline: CodePipeline, job: dict[str, Any], misconfigured: bool, kind: str
) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_FailureDetails.html"""
    Jobs(pipeline).fail(name(job), "errors 21.3% > limit 1.0%", misconfigured=misconfigured)
    assert pipeline.result(job)["failureDetails"] == {"type": kind, "message": "errors 21.3% > limit 1.0%"}


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("a" * 5000, "a" * 5000),
        ("a" * 5001, "a" * 4999 + "…"),
        ("  two\n\tlines ", "two lines"),
        ("", "no reason was given"),
    ],
)
def test_a_reason_is_one_line_that_is_taken(
    pipeline: CodePipeline, job: dict[str, Any], reason: str, said: str
) -> None:
    Jobs(pipeline).fail(name(job), reason)
    assert pipeline.result(job)["failureDetails"]["message"] == said


def test_a_summary_is_shorter_than_a_reason(pipeline: CodePipeline, job: dict[str, Any]) -> None:
    Jobs(pipeline).succeed(name(job), "a" * 3000)
    assert pipeline.result(job)["executionDetails"]["summary"] == "a" * 2047 + "…"
