"""What keeps the worst away from the load balancer."""

from aws_cdk import Stack
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from exchange_constructs.arns import arn_scope

_RULES = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
)
_REQUESTS_PER_ADDRESS = 5000  # in five minutes: trading clients ask often


class WebFirewall(Construct):
    """AWS's managed rules and a limit for each address, in front of `load_balancer`; what is blocked is logged."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        load_balancer: elbv2.ApplicationLoadBalancer,
        key: kms.IKey,
        retention: logs.RetentionDays,
    ) -> None:
        super().__init__(scope, id_)
        acl = wafv2.CfnWebACL(
            self,
            "Acl",
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_seen(name),
            rules=[_limit(), *(_managed(rule, number) for number, rule in enumerate(_RULES, start=1))],
        )
        wafv2.CfnWebACLAssociation(
            self, "Association", resource_arn=load_balancer.load_balancer_arn, web_acl_arn=acl.attr_arn
        )
        # WAF writes to log groups of this prefix only
        log_group = logs.LogGroup(
            self, "Logs", log_group_name=f"aws-waf-logs-{name}", retention=retention, encryption_key=key
        )
        arn = arn_scope(Stack.of(self)).arn("logs", f"log-group:{log_group.log_group_name}")
        wafv2.CfnLoggingConfiguration(self, "Logging", resource_arn=acl.attr_arn, log_destination_configs=[arn])


def _limit() -> wafv2.CfnWebACL.RuleProperty:
    rate = wafv2.CfnWebACL.RateBasedStatementProperty(aggregate_key_type="IP", limit=_REQUESTS_PER_ADDRESS)
    return wafv2.CfnWebACL.RuleProperty(
        name="PerAddress",
        priority=0,
        action=wafv2.CfnWebACL.RuleActionProperty(block={}),
        statement=wafv2.CfnWebACL.StatementProperty(rate_based_statement=rate),
        visibility_config=_seen("PerAddress"),
    )


def _managed(rule: str, priority: int) -> wafv2.CfnWebACL.RuleProperty:
    group = wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(vendor_name="AWS", name=rule)
    return wafv2.CfnWebACL.RuleProperty(
        name=rule,
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        statement=wafv2.CfnWebACL.StatementProperty(managed_rule_group_statement=group),
        visibility_config=_seen(rule),
    )


def _seen(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=True
    )
