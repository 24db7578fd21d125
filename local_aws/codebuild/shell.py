"""The one shell of a build: it is given a command, and answers with the status that this ended with.

Version 0.2 "runs all build commands in the same instance of the default shell"
(https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec-ref-versions). A command that
leaves it (`exit`, or a failure under `set -e`) ends that command alone: a new instance goes on where it stood.
"""

import os
import queue
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from local_aws.codebuild.endings import Limit
from local_aws.host import workplace

# Builtins alone: a build may do with PATH what it likes.
LOOP = """\
trap '. {save}' EXIT
if [ -s {state} ]; then . {state}; fi
exec 9>&1
while read -r CODEBUILD_NEXT < {next}; do
. {command}
printf '%s %s\\n' {mark} "$?" >&9
done
"""
SAVE = {
    "sh": """\
{{ set; export -p; set +o; printf 'cd %s\\n' "'$(pwd)'"; }} > {state}
""",
    "bash": """\
{{
for CODEBUILD_NAME in $(compgen -v); do
case $CODEBUILD_NAME in
BASH*|CODEBUILD_NAME|DIRSTACK|EPOCH*|FUNCNAME|GROUPS|LINENO|PIPESTATUS|RANDOM|SECONDS|SRANDOM|_) continue;;
esac
CODEBUILD_SAID=$(declare -p "$CODEBUILD_NAME") || continue
case ${{CODEBUILD_SAID%% "$CODEBUILD_NAME"*}} in
"declare -"*r*) ;;
"declare -"*) printf '%s\\n' "$CODEBUILD_SAID";;
esac
done
declare -f
set +o
printf 'cd %q\\n' "$PWD"
}} > {state} 2> /dev/null
""",
}


def write(folder: Path, shell: str, mark: str) -> Path:
    """Write the scripts of a shell in `folder`; its loop prints `mark` and the status after each command."""
    names = ("save", "state", "next", "command")
    paths = {name: shlex.quote(str(folder / name)) for name in names}
    (folder / "save").write_text(SAVE[shell].format(**paths), encoding="utf-8")
    loop = folder / "loop"
    loop.write_text(LOOP.format(mark=mark, **paths), encoding="utf-8")
    return loop


LOOK_EVERY = 0.05
DRAINED_WITHIN = 1.0


class Shell:
    """A build's shell: its files lie in `folder`, it begins in `start_in`, `output` takes each printed line."""

    def __init__(
        self,
        kind: str,
        *,
        folder: Path,
        start_in: Path,
        environment: Mapping[str, str],
        output: Callable[[str], None],
        limit: Limit,
    ) -> None:
        self._kind, self._folder, self._start_in, self._environment = kind, folder, start_in, environment
        self._output, self._limit = output, limit
        self._mark = f"codebuild-{uuid4().hex}"
        self._loop = write(folder, kind, self._mark)
        os.mkfifo(folder / "next")
        # Open for both, so that neither end waits for the other to be there.
        self._next = os.open(folder / "next", os.O_RDWR | os.O_NONBLOCK)
        self._statuses: queue.Queue[int] = queue.Queue()
        self._started: list[tuple[subprocess.Popen[bytes], threading.Thread]] = []

    def run(self, command: str, *, succeeding: bool) -> int:
        """Run a command and return its exit status; BuildEndedError when the build was stopped or timed out first."""
        script = f"CODEBUILD_BUILD_SUCCEEDING={int(succeeding)}; export CODEBUILD_BUILD_SUCCEEDING\n{command}\n"
        (self._folder / "command").write_text(script, encoding="utf-8")
        if not self._started or self._started[-1][0].poll() is not None:
            self._start()
        os.write(self._next, b"go\n")
        return self._status(*self._started[-1])

    def environment(self) -> dict[str, str]:
        """Return what a command would find in its environment now."""
        file = self._folder / "environment"
        self.run(f"/usr/bin/env -0 > {shlex.quote(str(file))}", succeeding=True)
        lines = file.read_text(encoding="utf-8", errors="replace").split("\0")
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def close(self) -> None:
        """End the shell and all that its commands have started and left, as the container's end does."""
        for process, reader in self._started:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            reader.join(timeout=DRAINED_WITHIN)
        os.close(self._next)

    def _start(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._next, 1024)  # what a shell was told that did not come to reading it
        starter = workplace.current().processes
        command = [f"/bin/{self._kind}", str(self._loop)]
        process = starter.start(command, folder=self._start_in, environment=self._environment)
        reader = threading.Thread(target=self._read, args=(process,), daemon=True, name="build-output")
        reader.start()
        self._started.append((process, reader))

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None  # noqa: S101  (it was started with a pipe)
        for raw in process.stdout:
            line, marked, status = raw.decode("utf-8", errors="replace").rstrip("\n").partition(self._mark)
            if line or not marked:
                self._output(line)
            if marked:
                self._statuses.put(int(status))

    def _status(self, process: "subprocess.Popen[bytes]", reader: threading.Thread) -> int:
        while True:
            with suppress(queue.Empty):
                return self._statuses.get(timeout=LOOK_EVERY)
            self._limit.require()
            if (code := process.poll()) is not None:  # the command has left the shell
                reader.join(timeout=DRAINED_WITHIN)
                return code if code >= 0 else 128 - code
