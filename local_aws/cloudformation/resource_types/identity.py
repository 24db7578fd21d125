"""AWS::IAM::OIDCProvider, by ministack's own CreateOpenIDConnectProvider.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-oidcprovider.html
"""

from local_aws.ministack_parts.resource_handlers import Created, Record, asked, replaced, text
from local_aws.ministack_parts.services import cloudformation, iam

TYPE = "AWS::IAM::OIDCProvider"


def install() -> None:
    cloudformation.handlers[TYPE] = replaced(create, delete)


def create(_logical_id: str, properties: Record, _stack: str) -> Created:
    request = {
        "Url": properties["Url"],
        "ClientIDList": properties.get("ClientIdList"),
        "ThumbprintList": properties.get("ThumbprintList"),
    }
    answer = asked(iam.create_oidc_provider, request, list_word="member")
    arn = text(answer, "OpenIDConnectProviderArn")
    return arn, {"Arn": arn}


def delete(physical_id: str, _properties: Record) -> None:
    asked(iam.delete_oidc_provider, {"OpenIDConnectProviderArn": physical_id})
