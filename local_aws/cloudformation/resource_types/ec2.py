"""AWS::EC2: addresses, NAT gateways, flow logs and single security group rules, by ministack's own EC2 API.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EC2.html
"""

from functools import wraps
from typing import Any

from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.resource_handlers import Created, query, replaced, text
from local_aws.ministack_parts.services import cloudformation, ec2

VPC = "AWS::EC2::VPC"


def install() -> None:
    """Add the resource types, and the attributes that ministack's VPC lacks."""
    cloudformation.handlers.update(HANDLERS)
    stock = cloudformation.handlers[VPC]
    cloudformation.replace_handlers(VPC, create=_with_cidr(stock["create"]), update=_with_cidr(stock["update"]))


def create_address(_logical_id: str, properties: Record, _stack: str) -> Created:
    answer = query(ec2.allocate_address, {"Domain": properties.get("Domain", "vpc")} | _tags(properties, "elastic-ip"))
    address, allocation = text(answer, "publicIp"), text(answer, "allocationId")
    return address, {"PublicIp": address, "AllocationId": allocation}


def delete_address(physical_id: str, _properties: Record) -> None:
    for allocation, record in ec2.addresses.items():
        if record["PublicIp"] == physical_id:
            query(ec2.release_address, {"AllocationId": allocation})


def create_nat_gateway(_logical_id: str, properties: Record, _stack: str) -> Created:
    request = {key: properties.get(key) for key in ("SubnetId", "AllocationId", "ConnectivityType")}
    if request["AllocationId"] and request["AllocationId"] not in ec2.addresses:
        raise ValueError(f"InvalidAllocationID.NotFound: {request['AllocationId']}")
    identity = text(query(ec2.create_nat_gateway, request | _tags(properties, "natgateway")), "natGatewayId")
    return identity, {"NatGatewayId": identity}


def delete_nat_gateway(physical_id: str, _properties: Record) -> None:
    query(ec2.delete_nat_gateway, {"NatGatewayId": physical_id})


def create_flow_log(_logical_id: str, properties: Record, _stack: str) -> Created:
    request = {
        key: properties.get(key) for key in ("ResourceType", "TrafficType", "LogDestinationType", "LogDestination")
    }
    request |= {"ResourceId": [properties["ResourceId"]], "LogGroupName": properties.get("LogGroupName")}
    answer = query(ec2.create_flow_logs, request | _tags(properties, "flow-log"))
    identity = text(answer, "flowLogIdSet/item")
    return identity, {"Id": identity}


def delete_flow_log(physical_id: str, _properties: Record) -> None:
    query(ec2.delete_flow_logs, {"FlowLogId": [physical_id]})


def create_ingress(_logical_id: str, properties: Record, _stack: str) -> Created:
    return _authorized(ec2.authorize_ingress, properties, "SourceSecurityGroupId", "SourcePrefixListId")


def create_egress(_logical_id: str, properties: Record, _stack: str) -> Created:
    return _authorized(ec2.authorize_egress, properties, "DestinationSecurityGroupId", "DestinationPrefixListId")


def delete_ingress(physical_id: str, properties: Record) -> None:
    _revoke(ec2.revoke_ingress, physical_id, properties)


def delete_egress(physical_id: str, properties: Record) -> None:
    _revoke(ec2.revoke_egress, physical_id, properties)


def _authorized(action: Any, properties: Record, group_key: str, prefix_list_key: str) -> Created:
    for group in (properties["GroupId"], properties.get(group_key)):
        if group and group not in ec2.security_groups:
            raise ValueError(f"InvalidGroup.NotFound: The security group '{group}' does not exist")
    identity = text(query(action, _permission(properties, group_key, prefix_list_key)), "securityGroupRuleId")
    return identity, {"Id": identity}


def _permission(properties: Record, group_key: str, prefix_list_key: str) -> Record:
    described = {"Description": properties.get("Description")}
    permission: Record = {key: properties.get(key) for key in ("IpProtocol", "FromPort", "ToPort")}
    for name, member, value in (
        ("IpRanges", "CidrIp", properties.get("CidrIp")),
        ("Ipv6Ranges", "CidrIpv6", properties.get("CidrIpv6")),
        ("Groups", "GroupId", properties.get(group_key)),
        ("PrefixListIds", "PrefixListId", properties.get(prefix_list_key)),
    ):
        if value:
            permission[name] = [{member: value} | described]
    return {"GroupId": properties["GroupId"], "IpPermissions": [permission]}


def _revoke(action: Any, physical_id: str, properties: Record) -> None:
    if properties["GroupId"] in ec2.security_groups:
        query(action, {"GroupId": properties["GroupId"], "SecurityGroupRuleId": [physical_id]})


def _tags(properties: Record, resource_type: str) -> Record:
    tags = [{"Key": tag["Key"], "Value": tag["Value"]} for tag in properties.get("Tags") or []]
    return {"TagSpecification": [{"ResourceType": resource_type, "Tag": tags}]} if tags else {}


def _with_cidr(stock: Any) -> Any:
    @wraps(stock)
    def answer(*arguments: Any) -> Created:
        identity, attributes = stock(*arguments)
        return identity, attributes | {"CidrBlock": ec2.vpcs[identity]["CidrBlock"], "VpcId": identity}

    return answer


HANDLERS = {
    "AWS::EC2::EIP": replaced(create_address, delete_address),
    "AWS::EC2::NatGateway": replaced(create_nat_gateway, delete_nat_gateway),
    "AWS::EC2::FlowLog": replaced(create_flow_log, delete_flow_log),
    "AWS::EC2::SecurityGroupIngress": replaced(create_ingress, delete_ingress),
    "AWS::EC2::SecurityGroupEgress": replaced(create_egress, delete_egress),
}
