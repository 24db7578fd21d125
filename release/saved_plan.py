"""A rollback's plan in a file, between the one who is shown it and the job that carries it out."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from release.arguments import InputError, checked_digest


@dataclass(frozen=True)
class SavedPlan:
    """What was shown: from which digest to which."""

    component: str
    running: str
    target: str

    def save(self, file: Path) -> None:
        """As JSON."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")


def load_plan(file: Path, component: str) -> SavedPlan:
    """InputError when it is no plan, or that of another component."""
    try:
        written = json.loads(file.read_text(encoding="utf-8"))
        plan = SavedPlan(**written)
    except OSError as error:
        raise InputError(f"the plan {file} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise InputError(f"the plan {file} is not one that `rollback --save-plan` has written: {error}") from error
    if plan.component != component:
        raise InputError(f"the plan {file} is of {plan.component}, not of {component}")
    checked_digest(plan.target)
    return plan


def still_true(plan: SavedPlan, running: str) -> None:
    """What was approved is done, or nothing: InputError when something else runs by now."""
    if plan.running != running:
        raise InputError(
            f"the plan was made while {plan.running} ran, now it is {running}: nothing was done; make a new plan"
        )
