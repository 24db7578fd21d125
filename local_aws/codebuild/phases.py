"""The phases of a build that run commands, and which follows on which.

https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details.html#view-build-details-phases: after a failed
build post_build still comes, after a failed install or pre_build nothing does; `on-failure` says otherwise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from local_aws.codebuild.buildspec import PHASES, Phase
from local_aws.codebuild.refusals import CommandError
from local_aws.codebuild.shell import Shell

Step = Callable[[str, Callable[[], None]], bool]


@dataclass
class Phases:
    """`step` carries a phase out and says whether it succeeded; `told` gets what CodeBuild itself has to say."""

    shell: Shell
    step: Step
    told: Callable[[str], None]
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
            self.told(f"Running command {command}")
            status = self.shell.run(command, succeeding=succeeding)
            if status:
                self.told(f"Command did not exit successfully {command} exit status {status}")
                return [f"Error while executing command: {command}. Reason: exit status {status}"]
        return []
