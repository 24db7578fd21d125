"""ministack's CloudFormation: stacks, the engine that reads templates, the provisioners of resource types."""

from collections.abc import Callable
from typing import Any

from ministack.services import cloudformation as stock
from ministack.services.cloudformation import changesets, engine, provisioners
from ministack.services.cloudformation import handlers as request_handlers
from ministack.services.cloudformation import stacks as operations

from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.forms import Replaceable, Store

stacks: Store = stock._stacks  # by name
# Resource type -> {"create", "update", "delete", ...}: see `resource_handlers` for their forms.
handlers: dict[str, Record] = provisioners._RESOURCE_HANDLERS

# The engine.
NO_VALUE: object = engine._NO_VALUE  # what AWS::NoValue becomes
evaluate_conditions: Callable[[Record, Record], Record] = engine._evaluate_conditions
dependencies: Callable[[Record, set[str]], set[str]] = engine._extract_deps
parse_template: Callable[[str], Record] = engine._parse_template
resolve_references: Callable[..., Any] = engine._resolve_refs
order_of_template: Callable[[Record, Record], list[str]] = engine._topological_sort

# (template, parameters given, former parameters) -> values; each module that asks has the name for itself.
parameter_values: tuple[Replaceable[..., Record], ...] = (
    Replaceable(engine, "_resolve_parameters"),
    Replaceable(changesets, "_resolve_parameters"),
    Replaceable(request_handlers, "_resolve_parameters"),
)

# What an operation on a stack asks.
order_of_operation: Replaceable[[Record, Record], list[str]] = Replaceable(operations, "_topological_sort")
runs_on_worker_thread: Replaceable[[str], bool] = Replaceable(operations, "_runs_on_worker_thread")
sends_back_failed_update: Replaceable[[str], bool] = Replaceable(operations, "_sends_back_failed_update")
property_recreation: Replaceable[[str, str], str] = Replaceable(operations, "_property_recreation")
resolve_for_change_set: Replaceable[[Record, Record, str, str], Record] = Replaceable(
    changesets, "_resolve_props_for_diff"
)

# What provisioners make of properties and of records.
with_stack_tags: Callable[..., Record] = provisioners._with_stack_tags
metric_alarm_record: Replaceable[[str, Record], Record] = Replaceable(provisioners, "_cw_metric_alarm_record")
listener_actions: Replaceable[..., list[Record]] = Replaceable(provisioners, "_elbv2_listener_actions")
container_definitions: Replaceable[[Any], Any] = Replaceable(provisioners, "_normalize_container_defs")
codebuild_properties: Callable[[Any], Any] = provisioners._codebuild_cfn_to_api
database_attributes: Callable[[Record], Record] = provisioners._rds_db_instance_attrs
replication_group_attributes: Callable[[str], Record] = provisioners._ec_rg_attrs

# The handlers of these types call each other by name, past the table.
CALLED_BY_NAME = {
    "AWS::EC2::VPC": "_ec2_vpc",
    "AWS::RDS::DBInstance": "_rds_db_instance",
    "AWS::ElastiCache::ReplicationGroup": "_ec_rg",
}


def replace_handlers(resource_type: str, **functions: Callable[..., Any]) -> None:
    """Replace some of a type's handlers ("create", "update", "delete"), wherever ministack finds them."""
    handlers[resource_type].update(functions)
    prefix = CALLED_BY_NAME.get(resource_type)
    for name, function in functions.items():
        if prefix is not None and hasattr(provisioners, f"{prefix}_{name}"):
            setattr(provisioners, f"{prefix}_{name}", function)
