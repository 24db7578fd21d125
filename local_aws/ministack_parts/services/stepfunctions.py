"""ministack's Step Functions."""

from ministack.services import stepfunctions as stock

from local_aws.ministack_parts.answers import Record, Response
from local_aws.ministack_parts.forms import Replaceable, Store

executions: Store = stock._executions  # by ARN
start_execution: Replaceable[[Record], Response] = Replaceable(stock, "_start_execution")  # action of the API


def scale_waits(scale: float) -> None:
    """Multiply the seconds of every wait and of every delay before a retry."""
    stock._SFN_WAIT_SCALE = scale
