"""Whether images may go out with what was found in them: pure, from findings, the allow-list and the day."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from release.images.findings import CRITICAL, SEVERITIES, Finding
from settings.allowed_findings import Allowed


@dataclass(frozen=True)
class Judged:
    """One finding. `allowed` says until when and why, or why not."""

    finding: Finding
    blocks: bool
    said: str


@dataclass(frozen=True)
class Image:
    """One component's. `problem` is why nothing is known of it, which blocks like a finding (F34)."""

    component: str
    digest: str
    findings: tuple[Judged, ...] = ()
    problem: str = ""

    @property
    def blocked(self) -> bool:
        return bool(self.problem) or any(one.blocks for one in self.findings)

    @property
    def summary(self) -> str:
        """`2 critical, 5 high`; of how many kinds there are none nobody needs to know."""
        counted = Counter(one.finding.severity for one in self.findings)
        known = [name for name in SEVERITIES if counted[name]]
        others = sorted(counted.keys() - set(SEVERITIES))
        return ", ".join(f"{counted[name]} {name.lower()}" for name in (*known, *others)) or "nothing"


def judged(component: str, digest: str, findings: Sequence[Finding], allowed: Sequence[Allowed], today: date) -> Image:
    """A critical finding blocks unless an entry that has not expired speaks of it."""
    return Image(component, digest, tuple(_judged(one, component, allowed, today) for one in findings))


def _judged(finding: Finding, component: str, allowed: Sequence[Allowed], today: date) -> Judged:
    if finding.severity != CRITICAL:
        return Judged(finding, False, "")
    entries = sorted((one for one in allowed if one.covers(component, finding.id)), key=lambda one: one.until)
    if not entries:
        return Judged(finding, True, "blocks")
    last = entries[-1]
    if last.expired(today):
        days = (today - last.until).days
        since = f"{days} days" if days > 1 else "one day"
        return Judged(finding, True, f"blocks: it was allowed until {last.until}, which is {since} ago")
    return Judged(finding, False, f"allowed until {last.until}: {last.reason}")
