"""ministack's Secrets Manager."""

from ministack.services import secretsmanager as stock

from local_aws.ministack_parts.forms import Store

secrets: Store = stock._secrets  # by name
