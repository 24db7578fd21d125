"""ECS, CloudWatch and one task, as far as the first round of a gate asks them: JSON by operation."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

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
        """Nothing."""

    def _say(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def answering_aws() -> Iterator[int]:
    """The port on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()
