"""ministack's MSK."""

from collections.abc import Callable

from ministack.services import msk as stock

from local_aws.ministack_parts.answers import Record, Response
from local_aws.ministack_parts.forms import Replaceable, Store

# By ARN.
clusters: Store = stock._clusters
configurations: Store = stock._configurations

# Actions of the API.
create_cluster: Callable[[bytes], Response] = stock._create_cluster
delete_cluster: Callable[[str], Response] = stock._delete_cluster
create_configuration: Callable[[bytes], Response] = stock._create_configuration

bootstrap_strings: Replaceable[[str], Record] = Replaceable(stock, "_bootstrap_strings")  # of a cluster's name
