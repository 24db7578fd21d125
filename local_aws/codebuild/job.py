"""One build, from its sources to its artifacts, on a thread of its own, phase by phase.

https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details.html#view-build-details-phases: after a failed
build post_build still comes, after a failed install or pre_build nothing does; `on-failure` says otherwise.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_aws.codebuild import build_environment, build_files, buildspec
from local_aws.codebuild.build_files import Cache, Folders
from local_aws.codebuild.buildspec import PHASES, Phase
from local_aws.codebuild.endings import BuildEndedError, CommandError, Limit, PhaseError
from local_aws.codebuild.records import EMPTY, BuildLog, BuildRecord
from local_aws.codebuild.shell import Shell
from local_aws.ministack_parts.answers import get_account_id, get_region, request_scope

Step = Callable[[str, Callable[[], None]], bool]


@dataclass
class Phases:
    """Runs phases; `step` carries one out and says whether it succeeded, `log` takes CodeBuild's own lines."""

    shell: Shell
    step: Step
    log: Callable[[str], None]
    succeeding: bool = True

    def run(self, phases: Mapping[str, Phase]) -> bool:
        """Run the phases and say whether artifacts come next; `succeeding` says whether all went well."""
        for name in PHASES:
            phase = phases.get(name, Phase())
            if self.step(name.upper(), lambda phase=phase: self._commands(phase)):  # type: ignore[misc]
                continue
            self.succeeding = False
            if phase.on_failure == "ABORT" or (not phase.on_failure and name in ("install", "pre_build")):
                return False
        return True

    def _commands(self, phase: Phase) -> None:
        failures = [*self._until_one_fails(phase.commands, self.succeeding)]
        failures += self._until_one_fails(phase.last, self.succeeding and not failures)
        if failures:
            raise CommandError(failures[0])

    def _until_one_fails(self, commands: Sequence[str], succeeding: bool) -> list[str]:
        for command in commands:
            self.log(f"Running command {command}")
            status = self.shell.run(command, succeeding=succeeding)
            if status:
                self.log(f"Command did not exit successfully {command} exit status {status}")
                return [f"Error while executing command: {command}. Reason: exit status {status}"]
        return []


STOPPED_WITHIN = 10.0
CONTEXTS = {"TIMED_OUT": {"statusCode": "BUILD_TIMED_OUT", "message": "Build has timed out."}}


class Job:
    """One build on a thread of its own, which starts at once."""

    def __init__(self, record: BuildRecord, folders: Folders) -> None:
        self._record, self._folders = record, folders
        self._log = BuildLog(record.now["logs"])
        self._limit = Limit(record.now["timeoutInMinutes"])
        self._scope = (get_account_id(), get_region())
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"build-{record.id}")
        self._thread.start()

    def stop(self) -> None:
        """End the build with all its processes, and wait until it has ended; one that is over stays as it is."""
        self._limit.stop()
        self._thread.join(timeout=STOPPED_WITHIN)

    def artifacts(self) -> dict[str, Path]:
        """Return the folders of a build that succeeded, by the artifacts' identifiers."""
        target = self._folders.artifacts
        return {build_files.identifier_of(folder): folder for folder in target.iterdir()}

    def _run(self) -> None:
        status = "FAULT"  # unless we come through
        with request_scope(*self._scope):
            try:
                status = self._through()
            except BuildEndedError as ended:
                status = ended.status
                self._ended(status, CONTEXTS.get(status, EMPTY))
            finally:
                self._folders.leave_artifacts()
                self._record.complete(status)

    def _through(self) -> str:
        for name in ("SUBMITTED", "QUEUED", "PROVISIONING"):
            self._step(name, _nothing)
        good = self._step("DOWNLOAD_SOURCE", self._download) and self._build()
        self._step("FINALIZING", _nothing)
        return "SUCCEEDED" if good else "FAILED"

    def _download(self) -> None:
        self._folders.fill()
        self._log.note(f"CODEBUILD_SRC_DIR={self._folders.source}")
        text = buildspec.text_of(self._record.now["source"].get("buildspec", ""), self._folders.source)
        self._spec = buildspec.parsed(text)
        self._cache = Cache(self._record.now, self._spec.cache, self._folders)
        self._cache.restore()
        self._environment = build_environment.environment_of(self._record.now, self._spec, self._folders)

    def _build(self) -> bool:
        shell = Shell(
            self._spec.shell,
            folder=self._folders.shell,
            start_in=self._folders.source,
            environment=self._environment,
            output=self._log.output,
            limit=self._limit,
        )
        try:
            phases = Phases(shell, self._step, self._log.note)
            if not phases.run(self._spec.phases):
                return False
            return self._step("UPLOAD_ARTIFACTS", lambda: self._upload(shell, phases.succeeding)) and phases.succeeding
        finally:
            shell.close()

    def _upload(self, shell: Shell, succeeding: bool) -> None:
        """Collect the artifacts, also of a failed build, and save the cache of one that went well."""
        handed_on = build_environment.exported(self._record.now, self._spec, shell.environment())
        self._record.change(exportedEnvironmentVariables=handed_on)
        build_files.collect(self._folders.source, self._folders.artifacts, self._spec.artifacts, self._log.note)
        if succeeding:
            self._cache.save()

    def _step(self, phase: str, action: Callable[[], None]) -> bool:
        self._record.begin(phase)
        self._log.note(f"Entering phase {phase}")
        self._limit.require()
        try:
            action()
        except PhaseError as error:
            self._ended("FAILED", {"statusCode": error.code, "message": str(error)})
            return False
        self._ended("SUCCEEDED", EMPTY)
        return True

    def _ended(self, status: str, context: dict[str, str]) -> None:
        self._record.end(status, context)
        self._log.note(f"Phase complete: {self._record.now['currentPhase']} State: {status}")
        self._log.note(f"Phase context status code: {context['statusCode']} Message: {context['message']}")


def _nothing() -> None:
    """Do nothing: there are no machines to wait for."""
