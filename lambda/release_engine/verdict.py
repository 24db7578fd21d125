"""Defines verdicts: PASS, FAIL or INCONCLUSIVE, each with a reason that states both sides. No data is never health."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """The answer of a gate; `WORST_FIRST` ranks them."""

    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    PASS = "PASS"  # noqa: S105 - a verdict, not a password


_READ = 4  # comparisons that fit into the line of a verdict that is good anyway
WORST_FIRST = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)


@dataclass(frozen=True)
class Judgement:
    """The verdict of one check, and its reason; `evidence` holds the numbers that the reason speaks of."""

    verdict: Verdict
    reason: str
    check: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the judgement as the ledger keeps it."""
        return {"check": self.check, "verdict": self.verdict.value, "reason": self.reason, **self.evidence}


def worst(judgements: Sequence[Judgement]) -> Judgement:
    """Return the worst verdict with the reasons of all that gave it; nothing judged is INCONCLUSIVE (F34)."""
    if not judgements:
        return Judgement(Verdict.INCONCLUSIVE, "nothing was judged")
    verdict = next(rank for rank in WORST_FIRST if any(item.verdict is rank for item in judgements))
    deciding = [item for item in judgements if item.verdict is verdict]
    return Judgement(
        verdict,
        _passed(deciding) if verdict is Verdict.PASS else "; ".join(item.reason for item in deciding),
        ", ".join(item.check for item in deciding),
        {"checks": [item.as_dict() for item in judgements]},
    )


def _passed(judgements: Sequence[Judgement]) -> str:
    """Word a PASS: the first comparisons are worth reading, of the other checks the number is enough."""
    compared = [item.reason for item in judgements if "limit" in item.evidence and "observed" in item.evidence]
    if not compared:
        return "; ".join(item.reason for item in judgements)
    return f"{len(judgements)} checks passed: {'; '.join(compared[:_READ])}"
