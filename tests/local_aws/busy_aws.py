"""Starts a local AWS in which a task, a build and a function write temporary files, and is killed while they work.

Prints the paths outside of its folder that it wrote, and the ids of the processes that it leaves.
"""

import io
import json
import os
import signal
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import psutil

FOLDER = Path(sys.argv[1]).resolve()
outside: set[str] = set()


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Take note of files that are opened for writing, of new folders, and of whatever ministack keeps for others."""
    if event not in ("open", "os.mkdir") or isinstance(arguments[0], int):
        return
    path = os.path.abspath(os.fsdecode(arguments[0]))  # noqa: PTH100  (pathlib may not be used while it works)
    written = event == "os.mkdir" or arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if (written or "/ministack-state" in path) and not f"{path}/".startswith((f"{FOLDER}/", f"{os.devnull}/")):
        outside.add(path)


tempfile.gettempdir()  # tries it out by a file, once
sys.addaudithook(watch)

from local_aws.host import certificates  # noqa: E402  (watched, too)
from local_aws.server import LocalAws  # noqa: E402
from tests.local_aws.codebuild.sample_builds import Builds, spec  # noqa: E402
from tests.local_aws.ecr.sample_images import Registry  # noqa: E402
from tests.local_aws.ecs.sample_services import Ecs, wait_for  # noqa: E402

WRITES = "import pathlib, tempfile, time; tempfile.mkdtemp(); (pathlib.Path.home() / 'kept').touch(); time.sleep(600)"


def main(aws: LocalAws) -> None:
    run_task(aws)
    builds = Builds(aws)
    builds.start(builds.project(spec("mktemp", "touch ~/kept", "sleep 600")))
    invoke_function(aws)
    certificates.server_context()
    aws.client("cognito-idp").create_user_pool(PoolName="users")
    wait_for(lambda: list(FOLDER.rglob("kept")), lambda kept: len(kept) == 3)
    left = [child.pid for child in psutil.Process().children(recursive=True)]
    print(json.dumps({"outside": sorted(outside), "left": left}), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def run_task(aws: LocalAws) -> None:
    client = aws.client("ecs")
    client.create_cluster(clusterName="cluster")
    ecs = Ecs(client, "cluster")
    ecs.run(ecs.define(Registry(aws.client("ecr")).program(f"#!/usr/bin/env python3\n{WRITES}\n")))


def invoke_function(aws: LocalAws) -> None:
    archive, client = io.BytesIO(), aws.client("lambda")
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("writer.py", f"def handler(*_):\n    {WRITES}\n")
    client.create_function(
        FunctionName="writer",
        Runtime="python3.12",
        Handler="writer.handler",
        Role="arn:aws:iam::000000000000:role/writer",
        Code={"ZipFile": archive.getvalue()},
        Timeout=900,
    )
    client.invoke(FunctionName="writer", InvocationType="Event")


with LocalAws(FOLDER) as opened:
    main(opened)
