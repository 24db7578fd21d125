"""Compares a handler's cold start with what a Lambda function usually does: import boto3 and make its clients.

The handler asks a stand-in for AWS and one task on loopback, as far as the first round of a gate asks them.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from bench.measuring import ROOT, Ratio, measure, python

DIGEST = f"sha256:{'b' * 64}"
_TASK = {
    "taskArn": "task",
    "group": "service:exchange-client-web",
    "taskDefinitionArn": "definition",
    "lastStatus": "RUNNING",
    "containers": [{"image": f"client@{DIGEST}"}],
    "attachments": [{"details": [{"name": "privateIPv4Address", "value": "127.0.0.1"}]}],
}
_SERVICE = {"serviceName": "web", "status": "ACTIVE", "desiredCount": 1, "taskDefinition": "definition/client:1"}
_ANSWERS: dict[str, dict[str, Any]] = {
    "ListTasks": {"taskArns": ["task"]},
    "DescribeTasks": {"tasks": [_TASK]},
    "DescribeServices": {"services": [_SERVICE]},
    "ListServiceDeployments": {"serviceDeployments": [{"status": "SUCCESSFUL"}]},
    "DescribeAlarms": {"MetricAlarms": [{"AlarmName": "5xx", "StateValue": "OK"}], "CompositeAlarms": []},
}


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._say(_ANSWERS[self.headers["X-Amz-Target"].rpartition(".")[2]])

    def do_GET(self) -> None:
        self._say({"status": "ok", "digest": DIGEST})

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def _say(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def answering_aws() -> Iterator[int]:
    """Serve the stand-in for AWS and for the task, and give its port on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


# Until the last line is done: what a process does at its end no function ever waits for.
_END = "import os; os._exit(0)"
_USUAL = f"""
import boto3
for service in ("ecs", "cloudwatch", "dynamodb", "cloudformation"):
    boto3.client(service)
{_END}
"""
_OURS = f"""
from release_handlers import health_gate
class Context:
    def get_remaining_time_in_millis(self):
        return 60000
state = {{"release_id": "r1", "component": "client", "digest": "{DIGEST}", "kind": "release"}}
answer = health_gate.handler({{"state": state}}, Context())
assert (answer["status"], answer["verdict"]) == ("sampling", "PASS"), answer
{_END}
"""


def first_call_against_four_clients() -> Ratio:
    """Compare the gate's first round with importing boto3 and making four clients, which have not asked anything yet.

    In its first round the gate makes the two clients that it needs, asks AWS eleven times and probes a task.
    """
    with answering_aws() as port, TemporaryDirectory() as asset:
        shutil.copytree(ROOT / "lambda", asset, dirs_exist_ok=True)
        (Path(asset) / "components.json").write_text(json.dumps({"client": _component(port)}), encoding="utf-8")
        environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_REGION": "us-west-2",
            "AWS_DEFAULT_REGION": "us-west-2",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "PYTHONPATH": asset,
            "LEDGER_TABLE": "ledger",
        }
        ours, usual = python("-c", _OURS, **environment), python("-c", _USUAL, **environment)
        return measure(ours, usual, goal=0.95, runs=15)


def _component(port: int) -> Mapping[str, object]:
    probe = {"service": "web", "samples_per_round": 1, "min_samples": 1, "max_error_rate": 0.01, "max_ms": 1000}
    checks = [{"kind": "restarts", "max": 2, "min_samples": 1}, {"kind": "alarms", "max": 0, "min_samples": 1}]
    service = {"name": "exchange-client-web", "port": port, "readiness_path": "/ready", "sample_path": "/"}
    return {
        "stack": "exchange-test-client",
        "cluster": "exchange-test",
        "repository": "client",
        "machine_arn": "arn:aws:states:us-west-2:111122223333:stateMachine:client-release",
        "alarm_prefix": "exchange-test-client-",
        "metrics": {"namespace": "Exchange", "environment": "test"},
        "gate": {"interval_seconds": 30, "bake_minutes": 3, "probes": [probe], "checks": checks},
        "services": {"web": service},
    }
