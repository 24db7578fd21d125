"""ministack's Elastic Load Balancing: application load balancers, their listeners, rules and target groups."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ministack.services import alb as stock

from local_aws.ministack_parts.answers import Record, Response
from local_aws.ministack_parts.forms import Replaceable, Store

Action = Callable[[Record], Response]

# By ARN.
load_balancers: Store = stock._lbs
listeners: Store = stock._listeners
rules: Store = stock._rules
target_groups: Store = stock._tgs
target_group_attributes: MutableMapping[str, list[Record]] = stock._tg_attrs

# Of a request of the query API.
parameter: Callable[..., str] = stock._p
certificate_arns_in: Callable[[Record], list[str]] = stock._parse_certificate_arns
targets_in: Callable[[Record], list[Record]] = stock._parse_targets_param
parse_actions: Replaceable[..., list[Record]] = Replaceable(stock, "_parse_actions")

# Answers of the query API.
empty_answer: Callable[[str], Response] = stock._empty
error_answer: Callable[[str, str], Response] = stock._error
xml_answer: Callable[[int, str, str], Response] = stock._xml
action_xml: Replaceable[[Record], str] = Replaceable(stock, "_action_xml")
target_group_xml: Replaceable[[Record], str] = Replaceable(stock, "_tg_xml")

# What a listener does with a request.
condition_holds: Callable[..., bool] = stock._match_condition
rule_order: Callable[[Record], Any] = stock._rule_sort_key
execute_action: Callable[..., Awaitable[Response]] = stock._execute_action
with_server_field: Callable[[Response, str], Response] = stock._with_alb_server
fields_for_target: Callable[..., dict[str, str]] = stock._target_headers

end_of_arn: Callable[[str, str], str] = stock._elbv2_resource_tail
target_group_full_name: Replaceable[[str], str] = Replaceable(stock, "_target_group_full_name_from_arn")


def action(name: str) -> Action:
    """Return what an action of the API does now."""
    function: Action = stock._ACTION_MAP[name]
    return function


def replace_action(name: str, function: Action) -> None:
    """Let `function` answer an action of the API."""
    stock._ACTION_MAP[name] = function
