"""ministack's EC2: networks as records."""

from collections.abc import Callable

from ministack.services import ec2 as stock

from local_aws.ministack_parts.answers import Record, Response
from local_aws.ministack_parts.forms import Store

Action = Callable[[Record], Response]

addresses: Store = stock._addresses  # by allocation id
security_groups: Store = stock._security_groups
vpcs: Store = stock._vpcs

# Actions of the query API.
allocate_address: Action = stock._allocate_address
release_address: Action = stock._release_address
create_nat_gateway: Action = stock._create_nat_gateway
delete_nat_gateway: Action = stock._delete_nat_gateway
create_flow_logs: Action = stock._create_flow_logs
delete_flow_logs: Action = stock._delete_flow_logs
authorize_ingress: Action = stock._authorize_sg_ingress
authorize_egress: Action = stock._authorize_sg_egress
revoke_ingress: Action = stock._revoke_sg_ingress
revoke_egress: Action = stock._revoke_sg_egress
