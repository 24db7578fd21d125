"""When a value is weaker than the one before: predicates over what two templates say of a property."""

from collections.abc import Iterator
from typing import Any

_FOREVER = 10**6


def less(before: Any, after: Any) -> bool:
    """Numbers of days and the like; what cannot be compared counts as less."""
    if before == after:
        return False
    try:
        return float(after or 0) < float(before or 0)
    except (TypeError, ValueError):
        return True


def more(before: Any, after: Any) -> bool:
    """The other way round."""
    return less(after, before)


def sooner(before: Any, after: Any) -> bool:
    """A log group without retention keeps its events for ever.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html
    """
    return less(_FOREVER if before is None else before, _FOREVER if after is None else after)


def expires_sooner(before: Any, after: Any) -> bool:
    """Of a bucket's lifecycle: the shortest time that anything is kept.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-rule.html
    """
    return min(_days(after), default=_FOREVER) < min(_days(before), default=_FOREVER)


def off(before: Any, after: Any) -> bool:
    """Was on, or said, and is not any more."""
    return bool(before) and not after


def on(before: Any, after: Any) -> bool:
    """Was not, and is."""
    return bool(after) and not before


def newly_said(before: Any, after: Any) -> bool:
    """A zero is said, too."""
    return before is None and after is not None


def other(before: Any, after: Any) -> bool:
    """Changed at all."""
    return bool(before != after)


def leaves(value: str) -> Any:
    """Was this and is something else."""
    return lambda before, after: before == value and after != value


def _days(value: Any) -> Iterator[float]:
    if isinstance(value, list):
        for item in value:
            yield from _days(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in ("ExpirationInDays", "NoncurrentDays") and isinstance(item, int | float):
                yield float(item)
            else:
                yield from _days(item)
