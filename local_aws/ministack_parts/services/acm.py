"""ministack's ACM."""

from collections.abc import Callable

from ministack.services import acm as stock

from local_aws.ministack_parts.forms import Replaceable, Store

certificates: Store = stock._certificates  # by ARN
future_iso: Callable[[float], str] = stock._future_iso
is_local_certificate_arn: Replaceable[[str], bool] = Replaceable(stock, "_is_local_certificate_arn")
