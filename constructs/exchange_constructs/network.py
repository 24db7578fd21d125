"""The way of users into the network: the load balancer with its listeners, its firewall and its access logs."""

from collections.abc import Sequence
from functools import cache

from aws_cdk import Annotations, Duration, RemovalPolicy, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from exchange_constructs.nag import acknowledge
from exchange_constructs.service.services import Listeners
from exchange_constructs.values import arn_scope


class AccessLogBucket(Construct):
    """A bucket for access logs, each deleted after `kept`. The load balancer writes to buckets with S3's own key only.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """

    def __init__(self, scope: Construct, id_: str, *, kept: Duration) -> None:
        super().__init__(scope, id_)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            lifecycle_rules=[s3.LifecycleRule(expiration=kept, noncurrent_version_expiration=Duration.days(1))],
            removal_policy=RemovalPolicy.RETAIN,
        )
        acknowledge(
            self.bucket,
            {
                "AwsSolutions-S1": "these are the access logs; logging who wrote them would never end",
                "NIST.800.53.R5-S3BucketLoggingEnabled": "these are the access logs; see above",
                "NIST.800.53.R5-S3BucketReplicationEnabled": "a log that is lost with a region is not worth a second",
                "NIST.800.53.R5-S3DefaultEncryptionKMS": "Elastic Load Balancing writes with S3's own key only",
            },
        )


_RULES = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
)
_REQUESTS_PER_ADDRESS = 5000  # in five minutes: trading clients ask often


class WebFirewall(Construct):
    """A firewall before `load_balancer`: AWS's managed rules and a limit for each address. What it blocks is logged."""

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
            visibility_config=_visibility(name),
            rules=[_rate_limit(), *(_managed(rule, number) for number, rule in enumerate(_RULES, start=1))],
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


def _rate_limit() -> wafv2.CfnWebACL.RuleProperty:
    rate = wafv2.CfnWebACL.RateBasedStatementProperty(aggregate_key_type="IP", limit=_REQUESTS_PER_ADDRESS)
    return wafv2.CfnWebACL.RuleProperty(
        name="PerAddress",
        priority=0,
        action=wafv2.CfnWebACL.RuleActionProperty(block={}),
        statement=wafv2.CfnWebACL.StatementProperty(rate_based_statement=rate),
        visibility_config=_visibility("PerAddress"),
    )


def _managed(rule: str, priority: int) -> wafv2.CfnWebACL.RuleProperty:
    group = wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(vendor_name="AWS", name=rule)
    return wafv2.CfnWebACL.RuleProperty(
        name=rule,
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        statement=wafv2.CfnWebACL.StatementProperty(managed_rule_group_statement=group),
        visibility_config=_visibility(rule),
    )


def _visibility(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=True
    )


_TEST_PORT = 9443
_OPEN = "users come from everywhere; the firewall stands before it"


class FrontDoor(Construct):
    """The load balancer: HTTPS with a redirect from HTTP if there is a certificate, else HTTP with a warning at synth.

    Testers see a new version at `listeners.test` before users see it; `test_cidrs` may reach it, by default nobody.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        access_logs: s3.IBucket,
        certificate_arn: str | None,
        test_cidrs: Sequence[str],
        protect: bool,
    ) -> None:
        super().__init__(scope, id_)
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description="The load balancer", allow_all_outbound=False
        )
        # Where it may send to is said in the services' stacks; without a rule of its own EC2 would open everything.
        itself, unused = ec2.Peer.ipv4("127.0.0.1/32"), ec2.Port.icmp_type_and_code(252, 86)
        self.security_group.add_egress_rule(itself, unused, "Nowhere but to the services")
        self.load_balancer = elbv2.ApplicationLoadBalancer(
            self,
            "LoadBalancer",
            vpc=vpc,
            internet_facing=True,
            security_group=self.security_group,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            drop_invalid_header_fields=True,
            deletion_protection=protect,
        )
        self.load_balancer.log_access_logs(access_logs)
        certificate = (
            acm.Certificate.from_certificate_arn(self, "Certificate", certificate_arn) if certificate_arn else None
        )
        self.listeners = Listeners(
            production=self._production(certificate),
            test=self._test(certificate, test_cidrs),
            load_balancer=self.load_balancer.load_balancer_full_name,
        )
        self._acknowledge(protect)

    def _production(self, certificate: acm.ICertificate | None) -> elbv2.ApplicationListener:
        if certificate is None:
            Annotations.of(self).add_warning_v2(
                "exchange:no-domain", "users come in by plain HTTP: give the environment a [domain] for HTTPS"
            )
            return self._listener("Http", 80, None, open_=True)
        redirect = elbv2.ListenerAction.redirect(protocol="HTTPS", port="443", permanent=True)
        http = self.load_balancer.add_listener("Http", port=80, default_action=redirect, open=True)
        acknowledge(http, {"NIST.800.53.R5-ELBv2ACMCertificateRequired": "all it does is to send users to HTTPS"})
        return self._listener("Https", 443, certificate, open_=True)

    def _test(self, certificate: acm.ICertificate | None, cidrs: Sequence[str]) -> elbv2.ApplicationListener:
        for cidr in cidrs:
            self.security_group.add_ingress_rule(ec2.Peer.ipv4(cidr), ec2.Port.tcp(_TEST_PORT), "Testers")
        return self._listener("Test", _TEST_PORT, certificate, open_=False)

    def _listener(
        self, id_: str, port: int, certificate: acm.ICertificate | None, *, open_: bool
    ) -> elbv2.ApplicationListener:
        listener = self.load_balancer.add_listener(
            id_,
            port=port,
            protocol=elbv2.ApplicationProtocol.HTTPS if certificate else elbv2.ApplicationProtocol.HTTP,
            certificates=[certificate] if certificate else None,
            ssl_policy=elbv2.SslPolicy.TLS13_RES if certificate else None,
            default_action=_not_found(),
            open=open_,
        )
        if certificate is None:
            plain = "by the settings this environment has no domain, so no certificate; production may not be so"
            names = ("ELBv2ACMCertificateRequired", "ALBHttpToHttpsRedirection")
            acknowledge(listener, {f"NIST.800.53.R5-{name}": plain for name in names})
        return listener

    def _acknowledge(self, protect: bool) -> None:
        acknowledge(self.security_group, {"AwsSolutions-EC23": _OPEN})
        if not protect:
            reason = "by the settings: this environment may be deleted"
            acknowledge(self.load_balancer, {"NIST.800.53.R5-ELBDeletionProtectionEnabled": reason})


@cache
def _not_found() -> elbv2.ListenerAction:
    return elbv2.ListenerAction.fixed_response(404, content_type="text/plain", message_body="nothing is here")
