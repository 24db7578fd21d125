"""The components as processes of their own, beside the stand-ins of their data services."""

import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pytest

from local_aws.data_services import data_service_programs
from local_aws.host.addresses import Block
from rehearsal.build import build
from rehearsal.components.base.data import Cache, Database, Stream
from tests.rehearsal.components.programs import Running, wait_until

PROGRAMS = Path(data_service_programs.__file__).parent.parent
TOKEN = "a token of the tests"  # noqa: S105


@dataclass
class Exchange:
    """Starts services of versions in folders of their own, each on its own loopback address."""

    folder: Path
    addresses: Iterator[str]
    environment: Mapping[str, str]
    running: list[Running] = field(default_factory=list)

    def start(
        self, component: str, service: str, *, version: str = "1.0.0", fault: str = "none", **environment: str
    ) -> Running:
        root = self.folder / f"{component}-{service}-{len(self.running)}"
        image = build(component, version, fault=fault)
        for layer in image.layers:
            with tarfile.open(fileobj=BytesIO(layer.content)) as archive:
                archive.extractall(root, filter="tar")
        address = next(self.addresses)
        names = {
            **self.environment,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": ".",
            "TMPDIR": str(root),
            "COMPONENT": component,
            "SERVICE": service,
            "IMAGE_DIGEST": image.digest,
            "PORT": "3000",
            "BIND_ADDRESS": address,
            **environment,
        }
        running = Running(service, root / "app", names, image.digest)
        self.running.append(running)
        return running

    @property
    def database(self) -> Database:
        return Database(self.environment)

    @property
    def cache(self) -> Cache:
        return Cache(self.environment)

    @property
    def stream(self) -> Stream:
        return Stream(self.environment)


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    """An empty exchange with its database, cache and stream."""
    data, tasks = Block(30), Block(10)
    prefix = tasks.address.rpartition(".")[0]
    environment = {
        "DATABASE_HOST": data.address,
        "DATABASE_PORT": "5432",
        "REDIS_HOST": data.address,
        "REDIS_PORT": "6379",
        "KAFKA_BROKERS": f"{data.address}:9092",
        "INTERNAL_API_TOKEN": TOKEN,
    }
    started = [
        _data_service("database", data.address, "5432", str(tmp_path / "database.sqlite3")),
        _data_service("cache", data.address, "6379"),
        _data_service("stream", data.address, "9092"),
    ]
    built = Exchange(tmp_path, (f"{prefix}.{host}" for host in range(2, 250)), environment)
    wait_until(_answers(built))
    yield built
    for running in built.running:
        running.kill()
    for process in started:
        process.kill()
        process.wait()
    for block in (data, tasks):
        block.close()


def _data_service(program: str, *arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", f"data_service_programs.{program}", *arguments]
    return subprocess.Popen(command, env={"PYTHONPATH": str(PROGRAMS)})  # noqa: S603


def _answers(exchange: Exchange) -> Callable[[], bool]:
    def answers() -> bool:
        with suppress(Exception):
            exchange.database.rows("select 1")
            exchange.cache.command("PING")
            exchange.stream.end_offset("orders")
            return True
        time.sleep(0.05)
        return False

    return answers
