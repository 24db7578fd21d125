"""A parameter that a template lacks is refused, when a stack is created or updated and for a change set.

https://github.com/aws/aws-cdk/issues/6119 and https://github.com/aws/aws-cdk/issues/2900 have AWS's words.
"""

from collections.abc import Sequence
from functools import wraps
from typing import Any

from local_aws.clock import Clock
from local_aws.ministack_parts.services import cloudformation

Record = dict[str, Any]


def install(_clock: Clock) -> None:
    """Check what every operation is given; the error is the ValidationError of the operation."""
    for values in cloudformation.parameter_values:
        values.wrap(_checked)


def _checked(stock: Any) -> Any:
    @wraps(stock)
    def resolve(template: Record, given: Sequence[Record], *former: Any) -> Record:
        declared = template.get("Parameters", {})
        unknown = [entry["Key"] for entry in given if entry.get("Key", "") not in declared]
        if unknown and not declared:
            raise ValueError("Parameter values specified for a template which does not require them.")
        if unknown:
            raise ValueError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
        values: Record = stock(template, given, *former)
        return values

    return resolve
