"""AWS::WAFv2::WebACLAssociation, by ministack's own AssociateWebACL. Rules of a web ACL are kept, not enforced.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-wafv2-webaclassociation.html
"""

import json
from typing import Any

from local_aws.ministack_parts.resource_handlers import Created, Record, replaced
from local_aws.ministack_parts.services import cloudformation, waf

TYPE = "AWS::WAFv2::WebACLAssociation"


def install() -> None:
    cloudformation.handlers[TYPE] = replaced(create, delete)


def create(_logical_id: str, properties: Record, _stack: str) -> Created:
    resource, acl = properties["ResourceArn"], properties["WebACLArn"]
    _called(waf.associate_web_acl, {"ResourceArn": resource, "WebACLArn": acl})
    return f"{acl}|{resource}", {}


def delete(_physical_id: str, properties: Record) -> None:
    _called(waf.disassociate_web_acl, {"ResourceArn": properties["ResourceArn"]})


def _called(action: Any, request: Record) -> None:
    status, _, body = action(request)
    if status >= 400:
        answer = json.loads(body)
        raise ValueError(f"{answer['__type']}: {answer['message']}")
