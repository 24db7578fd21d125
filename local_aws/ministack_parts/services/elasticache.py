"""ministack's ElastiCache."""

from ministack.services import elasticache as stock

from local_aws.ministack_parts.forms import Store

replication_groups: Store = stock._replication_groups  # by id
