"""ministack's RDS."""

from ministack.services import rds as stock

from local_aws.ministack_parts.forms import Store

instances: Store = stock._instances  # by identifier
