"""ministack's KMS, and whether a key's policy lets a service of AWS use the key."""

from collections.abc import Callable, Mapping, Sequence

from ministack.core import iam_evaluator
from ministack.services import kms as stock

from local_aws.ministack_parts import embedding
from local_aws.ministack_parts.answers import Record

# By id, ARN or alias; None when there is none.
key: Callable[[str], Record | None] = stock._resolve_key


def lets_in(policy: str, service: str, actions: Sequence[str], context: Mapping[str, str]) -> bool:
    """Say whether a key's policy allows the service every action, with these pairs as the encryption context.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
    """
    keys = {f"kms:encryptioncontext:{name}".lower(): value for name, value in context.items()}
    return all(
        iam_evaluator.evaluate_resource_policy(
            policy,
            iam_evaluator.EvalContext(
                principal_arn=service,
                principal_type="AWSService",
                principal_account="",
                action=action,
                resource_arn="*",
                region=embedding.REGION,
                service_context=keys,
            ),
            service=service,
        ).decision
        == "Allow"
        for action in actions
    )
