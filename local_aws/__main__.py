"""Starts a local AWS alone, says how clients find it, and waits until Ctrl-C or SIGTERM."""

import argparse
import os
import shlex
import shutil
import signal
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import psutil

from local_aws.host import workplace
from local_aws.host.workplace import Orphans
from local_aws.server import LocalAws

PREFIX = "local-aws-"


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until a signal asks for the end; a folder that nobody named is removed then."""
    options = _parser().parse_args(arguments)
    asked_to_end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked_to_end.set())
    if options.folder is not None:
        _serve(options.folder, options.speed, asked_to_end)
        return
    _remove_what_killed_ones_left()
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as folder:
        _serve(Path(folder), options.speed, asked_to_end)


def _serve(folder: Path, speed: float, asked_to_end: threading.Event) -> None:
    with LocalAws(folder, speed=speed) as aws:
        print(f"# The local AWS answers at {aws.endpoint}. Ctrl-C ends it. Lead clients to it with:")
        for name, value in aws.environment().items():
            print(f"export {name}={shlex.quote(value)}")
        print(end="", flush=True)
        asked_to_end.wait()


def _remove_what_killed_ones_left() -> None:
    """Remove the folders, and end the processes, of local AWS that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            Orphans(folder / workplace.PROCESSES).reap()
            shutil.rmtree(folder, ignore_errors=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_aws", description=__doc__)
    parser.add_argument(
        "--folder", type=Path, help="holds its log, unpacked images and tasks; default: a new one, removed at the end"
    )
    parser.add_argument(
        "--speed", type=_speed, default=60.0, help="divides every imitated waiting; default: %(default)g"
    )
    return parser


def _speed(text: str) -> float:
    speed = float(text)
    if speed <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return speed


if __name__ == "__main__":
    main()
