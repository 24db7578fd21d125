"""The custom resource that asks MSK for its brokers: whatever happens, CloudFormation gets an answer."""

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.error import HTTPError

import pytest

import custom_resources.bootstrap_brokers as resource
from custom_resources.bootstrap_brokers import bootstrap_brokers
from tests.unit.aws.answers import error

CLUSTER = "arn:aws:kafka:us-west-2:111122223333:cluster/exchange/1"
BROKERS = "b-1.exchange:9094,b-2.exchange:9094,b-3.exchange:9094"


def event(request_type: str, address: str = "") -> dict[str, Any]:
    """As CloudFormation sends it."""
    request = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "Brokers", "ResponseURL": address}
    return request | {"RequestType": request_type, "ResourceProperties": {"ClusterArn": CLUSTER}}


class Kafka:
    """MSK with three brokers, told in any order, or with none that can be asked for."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.problem = problem

    def get_bootstrap_brokers(self, ClusterArn: str) -> dict[str, str]:  # noqa: N803 - boto's name
        assert ClusterArn == CLUSTER
        if self.problem:
            raise self.problem
        return {"BootstrapBrokerStringTls": "b-3.exchange:9094,b-1.exchange:9094,b-2.exchange:9094"}


@dataclass
class CloudFormation:
    """Where answers are put; `status` is what it says to them."""

    address: str = ""
    status: int = 200
    answers: list[dict[str, Any]] = field(default_factory=list)
    content_types: list[str | None] = field(default_factory=list)


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudFormation]:
    """A server on loopback that takes PUT requests and nothing else."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    waiting = CloudFormation()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            waiting.answers.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            waiting.content_types.append(self.headers["content-type"])
            self.send_response(waiting.status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        waiting.address = f"http://127.0.0.1:{server.server_port}/answer?signature=s%3D"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield waiting
        server.shutdown()
        thread.join()


def use(monkeypatch: pytest.MonkeyPatch, kafka: Kafka) -> None:
    """The handler's MSK is this one."""
    monkeypatch.setattr(resource, "client", lambda service: {"kafka": kafka}[service])


def never(cluster: str) -> str:
    raise AssertionError(f"the brokers of {cluster} were asked for")


def test_brokers_are_told_in_an_order_that_stays_the_same() -> None:
    assert bootstrap_brokers(Kafka(), CLUSTER) == BROKERS


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_what_is_created_or_updated_tells_the_brokers(request_type: str) -> None:
    assert resource.answer(event(request_type), lambda _: BROKERS) == {
        "Status": "SUCCESS",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Brokers",
        "PhysicalResourceId": f"{CLUSTER}/brokers",
        "Data": {"Brokers": BROKERS},
    }


def test_what_is_deleted_asks_nothing() -> None:
    answer = resource.answer(event("Delete"), never)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", f"{CLUSTER}/brokers")
    assert "Data" not in answer


@pytest.mark.parametrize("problem", [error("TooManyRequestsException", "slow down"), RuntimeError("slow down")])
def test_a_failure_is_an_answer_with_its_reason(problem: Exception, caplog: pytest.LogCaptureFixture) -> None:
    answer = resource.answer(event("Create"), lambda cluster: bootstrap_brokers(Kafka(problem), cluster))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", f"{CLUSTER}/brokers")
    assert answer["Reason"].startswith(f"the brokers of {CLUSTER}: ")
    assert answer["Reason"].endswith("slow down")
    assert "could not be asked for" in caplog.text


def test_the_answer_is_put_where_cloudformation_waits(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    use(monkeypatch, Kafka())
    resource.handler(event("Create", cloudformation.address), None)
    [answer] = cloudformation.answers
    assert (answer["Status"], answer["Data"]) == ("SUCCESS", {"Brokers": BROKERS})
    assert "answered SUCCESS" in caplog.text


def test_the_presigned_address_is_given_no_content_type(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Kafka())
    resource.handler(event("Update", cloudformation.address), None)
    assert cloudformation.content_types == [""]


def test_f2_a_stack_never_waits_for_a_function_that_failed(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Kafka(error("NotFoundException", "no such cluster")))
    resource.handler(event("Create", cloudformation.address), None)
    assert [answer["Status"] for answer in cloudformation.answers] == ["FAILED"]
    assert "no such cluster" in cloudformation.answers[0]["Reason"]


def test_a_service_that_is_not_to_be_reached_is_answered_too(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(service: str) -> None:
        raise ConnectionError(f"{service} is not to be reached")

    monkeypatch.setattr(resource, "client", unreachable)
    resource.handler(event("Create", cloudformation.address), None)
    assert "kafka is not to be reached" in cloudformation.answers[0]["Reason"]


def test_an_answer_that_is_not_taken_is_an_error_so_that_lambda_tries_again(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloudformation.status = 503
    use(monkeypatch, Kafka())
    with pytest.raises(HTTPError):
        resource.handler(event("Create", cloudformation.address), None)
