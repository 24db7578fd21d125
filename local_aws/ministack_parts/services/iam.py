"""ministack's IAM."""

from collections.abc import Callable

from ministack.services import iam as stock

from local_aws.ministack_parts.answers import Record, Response

# Actions of the query API.
create_oidc_provider: Callable[[Record], Response] = stock._create_oidc_provider
delete_oidc_provider: Callable[[Record], Response] = stock._delete_oidc_provider
