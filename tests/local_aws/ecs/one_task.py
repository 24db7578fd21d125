"""Starts a local AWS with one service in it and leaves; prints the ids of the processes that it started."""

import json
import logging
import sys
from pathlib import Path

import psutil

from local_aws.server import LocalAws
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_services import Ecs


def main(folder: Path) -> None:
    with LocalAws(folder) as aws:
        client = aws.client("ecs")
        client.create_cluster(clusterName="cluster")
        ecs = Ecs(client, "cluster")
        ecs.settled(ecs.create(ecs.define(Registry(aws.client("ecr")).server("deaf")), desiredCount=2))
        started = [child.pid for child in psutil.Process().children(recursive=True)]
    assert not [handler for handler in logging.getLogger().handlers if isinstance(handler, logging.FileHandler)]
    print(json.dumps(started))


main(Path(sys.argv[1]))
