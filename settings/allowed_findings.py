"""Reads `config/allowed_findings.toml`: critical findings that a release may go out with, each until a day."""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError, field_validator

from settings.component import Name, Strict
from settings.loading import ALLOWED_FINDINGS, CONFIG, SettingsError
from settings.wording import Problem, problems_of

LONGEST_DAYS = 90


class Allowed(Strict):
    """One finding that is allowed in the images of some components; `until` is the last day, in UTC."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Z]+-[A-Za-z0-9-]+$")]
    components: tuple[Name, ...] = Field(min_length=1)
    until: date
    reason: Annotated[str, StringConstraints(pattern=r"\S{3}")]

    @field_validator("until", mode="before")
    @classmethod
    def _is_a_day(cls, value: Any) -> Any:
        if type(value) is not date:
            raise ValueError("allowed is a day without quotes and time, such as 2026-12-31")
        return value

    def covers(self, component: str, finding: str) -> bool:
        """Tell whether the entry names this finding and this component, expired or not."""
        return component in self.components and finding == self.id

    def expired(self, today: date) -> bool:
        """Tell whether the last day is over; on that day itself the finding is still allowed."""
        return today > self.until


class AllowedFindings(Strict):
    """The whole of `allowed_findings.toml`."""

    allowed: list[Allowed] = Field(default_factory=list)


def load_allowed(chain: Sequence[str], today: date, folder: Path = CONFIG) -> tuple[Allowed, ...]:
    """Read the allowed findings, none where there is no file; raises SettingsError with all that is wrong."""
    file, shown = folder / f"{ALLOWED_FINDINGS}.toml", f"{folder.name}/{ALLOWED_FINDINGS}.toml"
    if not file.is_file():
        return ()
    try:
        written = AllowedFindings.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise SettingsError(list(problems_of(error, shown, AllowedFindings))) from error
    except ValueError as error:  # of its syntax, or of its encoding
        raise SettingsError([f"{shown}: is not TOML: {error}"]) from error
    if problems := list(_problems(shown, written, chain, today)):
        raise SettingsError(problems)
    return tuple(written.allowed)


def _problems(file: str, written: AllowedFindings, chain: Sequence[str], today: date) -> Iterator[Problem]:
    last = today + timedelta(days=LONGEST_DAYS)
    for index, entry in enumerate(written.allowed):
        key = f"allowed[{index}]"
        if entry.until > last:
            what = f"is more than {LONGEST_DAYS} days ahead: allowed is a day up to {last}"
            yield Problem(file, f"{key}.until", entry.until, what)
        if unknown := [name for name in entry.components if name not in chain]:
            what = f"{', '.join(unknown)} is no component: allowed are {', '.join(chain)}"
            yield Problem(file, f"{key}.components", list(entry.components), what)
