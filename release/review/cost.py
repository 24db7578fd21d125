"""What the change costs a month, by list prices; and what it touches that has no price here."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from release.review.billing import Unit, units_of
from release.review.changes import Change, Impact, Json, StackChange, path_of

_TABLE = Path(__file__).with_name("prices.toml")
EVERYWHERE = "every region"
_KEPT = ("Retain", "RetainExceptOnCreate")


@dataclass(frozen=True)
class Price:
    """US dollars for one; `region` is where that price holds."""

    usd: float
    region: str


@dataclass(frozen=True)
class Prices:
    """The table, and when somebody last looked whether it is right."""

    checked: date
    hours: float
    prices: Mapping[str, Price]

    def monthly(self, unit: Unit) -> float:
        """Nothing for what the table does not know: that is told apart, as not priced."""
        price = self.prices.get(unit.price)
        if price is None:
            return 0.0
        return price.usd * unit.count * (self.hours if unit.price.endswith("_hour") else 1)


@dataclass(frozen=True)
class CostLine:
    """One resource, in US dollars a month before and after."""

    path: str
    before: float
    after: float


@dataclass(frozen=True)
class Cost:
    """`not_priced` says of what changes what is not in the sum; `elsewhere` which prices hold for another region."""

    lines: tuple[CostLine, ...]
    not_priced: tuple[str, ...]
    elsewhere: tuple[str, ...]
    checked: date

    @property
    def difference(self) -> float:
        return round(sum(line.after - line.before for line in self.lines), 2)


@cache
def list_prices() -> Prices:
    """Those of `prices.toml`."""
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    checked, hours = table.pop("checked"), table.pop("hours")
    prices = {name: Price(float(one["usd"]), one["region"]) for name, one in table.items()}
    return Prices(checked, float(hours), prices)


def cost_of(stacks: Sequence[StackChange], region: str, prices: Prices) -> Cost:
    """Of all that the templates tell; a resource whose costs stay the same is not named."""
    lines: list[CostLine] = []
    unknown: dict[str, None] = {}
    used: set[str] = set()
    for stack in stacks:
        for path, kind, before, after in _billed(stack):
            missing = _unpriced(kind, before, after, prices)
            unknown |= dict.fromkeys(f"{path}: {why}" for why in missing)
            line = CostLine(path, _sum(before, prices), _sum(after, prices))
            if round(line.before, 2) != round(line.after, 2):
                lines.append(line)
                used |= {unit.price for unit in (*(before or ()), *(after or ())) if unit.price in prices.prices}
    others = {name: prices.prices[name].region for name in sorted(used)}
    elsewhere = tuple(f"{name}: {where}" for name, where in others.items() if where not in (region, EVERYWHERE))
    return Cost(tuple(lines), tuple(unknown), elsewhere, prices.checked)


_Units = Sequence[Unit] | None


def _billed(stack: StackChange) -> Iterator[tuple[str, str, _Units, _Units]]:
    """Path, type, and units before and after, of all whose bill changes, or may; a stack that goes is not deployed."""
    before, after = (side.get("Resources", {}) for side in (stack.before, stack.after))
    staying = {change.logical_id for change in stack.changes if _stays(change)}
    for id_ in {**before, **after} if stack.new is not None else ():
        resource: Json = after.get(id_) or before[id_]
        old: _Units = units_of(id_, before) if id_ in before else ()
        new: _Units = units_of(id_, after) if id_ in after else ()
        if id_ in staying:
            new = None if old is None or new is None else (*old, *new)
        if old != new:
            yield path_of(stack.name, id_, resource), resource["Type"], old, new


def _stays(change: Change) -> bool:
    """What a policy keeps when its place is taken is billed on."""
    replaced = change.impact is Impact.REPLACE and (change.old or {}).get("UpdateReplacePolicy") in _KEPT
    return change.impact is Impact.ORPHAN or replaced


def _unpriced(kind: str, before: _Units, after: _Units, prices: Prices) -> Iterator[str]:
    if before is None or after is None:
        yield f"{kind} is billed by its use, or by a size that no template tells"
    changed = [
        unit for unit in (*(before or ()), *(after or ())) if unit not in (before or ()) or unit not in (after or ())
    ]
    yield from (f"no price of {unit.price} in the table" for unit in changed if unit.price not in prices.prices)


def _sum(units: _Units, prices: Prices) -> float:
    return sum(prices.monthly(unit) for unit in units or ())
