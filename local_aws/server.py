"""The local AWS as a context manager: one per process, gone without a trace when the block is left."""

import asyncio
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self

from hypercorn.asyncio import serve
from hypercorn.config import Config

from local_aws import clients
from local_aws.clients import leading_to
from local_aws.clock import Clock
from local_aws.ministack_parts import embedding

# Installed in this order, closed in the other: tasks end while the load balancer still drains them.
EXTENSIONS = (
    "retention",
    "account_seed",
    "ecr.images",
    "ecr.image_scans",
    "eventbridge.events",
    "cloudwatch.metric_data",
    "cloudwatch_logs.log_groups",
    "cloudformation.resource_types",
    "data_services.stores",
    "elastic_load_balancing.load_balancer",
    "ecs.tasks.task_api",
    "ecs.services.deployments",
    "ecs.service_connect",
    "cloudformation.parameters",
    "cloudformation.stack_outputs",
    "cloudformation.stack_services",
    "application_auto_scaling.scaling",
    "step_functions.tasks",
    "codebuild",
    "codepipeline",
)
READY_WITHIN = 20.0
Seed = Callable[["LocalAws"], None]
Programs = Callable[[Path], None]


class LocalAws:
    """A local AWS on loopback addresses, there while the block is entered.

    `folder` holds its log, the unpacked images and the tasks' working folders; `speed` divides every imitated
    waiting; each of `seed` puts in place what the account holds before anything is deployed. `programs` writes into a
    folder what a build's image has and this machine may lack: the folder is first in the PATH of every build.
    """

    _running = False

    def __init__(
        self, folder: Path, *, speed: float = 60, seed: Sequence[Seed] = (), programs: Programs | None = None
    ) -> None:
        self.folder = folder.resolve()
        self.clock = Clock(speed)
        self.endpoint = embedding.endpoint()
        self._seed = seed
        self._programs = programs
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True, name="local-aws")

    def __enter__(self) -> Self:
        if LocalAws._running:
            raise RuntimeError("a local AWS runs already in this process: ministack keeps its state in modules")
        LocalAws._running = True
        self.folder.mkdir(parents=True, exist_ok=True)
        self._install_extensions()
        self._thread.start()
        self._wait_until_ready()
        for plant in self._seed:
            plant(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in reversed(EXTENSIONS):
            close: Callable[[], None] | None = getattr(_extension(name), "close", None)
            if close is not None:
                close()
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(timeout=READY_WITHIN)
        logging.getLogger().removeHandler(self._log)
        self._log.close()

    def environment(self) -> dict[str, str]:
        """Return the variables that make boto3, the CDK CLI and command lines talk to this AWS, and to no other."""
        return leading_to(self.folder)

    def client(self, service: str) -> Any:
        """Return a boto3 client of this AWS."""
        return clients.client(service)

    def _install_extensions(self) -> None:
        self._log = _log_to(self.folder / "local-aws.log")
        opened = import_module("local_aws.host.workplace").open_in(self.folder)
        if self._programs is not None:
            self._programs(opened.programs)
        for name in EXTENSIONS:
            _extension(name).install(self.clock)

    def _serve(self) -> None:
        config = Config()
        config.bind = [f"fd://{embedding.listening_socket().fileno()}"]
        config.keep_alive_timeout = 75
        config.graceful_timeout = 0.2
        config.errorlog = None
        asyncio.set_event_loop(self._loop)
        application = import_module("local_aws.ministack_parts.application").app
        self._loop.run_until_complete(serve(application, config, shutdown_trigger=self._closing.wait))

    def _wait_until_ready(self) -> None:
        deadline = monotonic() + READY_WITHIN
        while monotonic() < deadline and self._thread.is_alive():
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=2):  # noqa: S310  (http, loopback)
                    return
            except (urllib.error.URLError, ConnectionError):
                sleep(0.02)
        raise RuntimeError(f"the local AWS did not answer at {self.endpoint} within {READY_WITHIN:.0f} s")


def _extension(name: str) -> Any:
    return import_module(f"local_aws.{name}")


def _log_to(file: Path) -> logging.Handler:
    """Keep ministack's warnings in a file; by itself it logs through the root logger, to standard error."""
    root, ours = logging.getLogger(), logging.FileHandler(file)
    former = list(root.handlers)
    root.addHandler(ours)
    import_module("local_aws.ministack_parts.application")
    for handler in root.handlers[len(former) + 1 :]:
        root.removeHandler(handler)
    return ours
