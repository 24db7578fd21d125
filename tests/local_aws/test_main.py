"""`python -m local_aws` serves alone, says how clients find it, and leaves nothing behind."""

import os
import shlex
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from local_aws.__main__ import main

ROOT = Path(__file__).parents[2]
PREFIX = "export "


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_clients_that_follow_its_export_lines_and_ends_without_a_trace(
    ending: signal.Signals, tmp_path: Path
) -> None:
    with started(tmp_path) as process:
        exported = dict(_exports(process))
        queues = _client("sqs", exported)
        url = queues.create_queue(QueueName="jobs")["QueueUrl"]
        assert queues.list_queues()["QueueUrls"] == [url]
        process.send_signal(ending)
        assert process.wait(timeout=20) == 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(exported["AWS_ENDPOINT_URL"], timeout=2)  # noqa: S310  (http, loopback)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_ones_own_is_kept_with_its_log(tmp_path: Path) -> None:
    folder = tmp_path / "aws"
    with started(tmp_path, "--folder", str(folder), "--speed", "10") as process:
        assert Path(dict(_exports(process))["CDK_HOME"]) == folder / "cdk-home"
        process.terminate()
        assert process.wait(timeout=20) == 0
    assert (folder / "local-aws.log").exists()


def test_what_a_killed_one_left_is_removed_by_the_next(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        left = Path(dict(_exports(process))["CDK_HOME"]).parent
        process.kill()
        process.wait(timeout=20)
    assert left.exists()
    with started(tmp_path) as process:
        dict(_exports(process))
        assert not left.exists()
        process.terminate()
        assert process.wait(timeout=20) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("speed", ["0", "-1", "fast"])
def test_a_speed_that_is_none_is_refused(speed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--speed", speed])
    assert "--speed" in capsys.readouterr().err


def test_help_names_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    said = capsys.readouterr().out
    assert "--folder" in said
    assert "--speed" in said


@contextmanager
def started(temporary: Path, *options: str) -> "Iterator[subprocess.Popen[str]]":
    """A process of its own, whose temporary files lie in `temporary`."""
    command = [sys.executable, "-m", "local_aws", *options]
    environment = os.environ | {"TMPDIR": str(temporary)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.kill()


def _exports(process: "subprocess.Popen[str]") -> Iterator[tuple[str, str]]:
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first.startswith("# The local AWS answers at http://127.0.0.1:")
    for line in process.stdout:
        name, _, value = line.removeprefix(PREFIX).strip().partition("=")
        yield name, shlex.split(value)[0]
        if name == "NO_PROXY":
            return


def _client(service: str, exported: dict[str, str]) -> Any:
    return boto3.client(
        service,
        endpoint_url=exported["AWS_ENDPOINT_URL"],
        region_name=exported["AWS_REGION"],
        aws_access_key_id=exported["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=exported["AWS_SECRET_ACCESS_KEY"],
    )
