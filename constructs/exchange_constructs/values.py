"""Values of CDK that are the same wherever they stand, made once: each making is a call to Node."""

from functools import cache

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

seconds = cache(Duration.seconds)
minutes = cache(Duration.minutes)
hours = cache(Duration.hours)
days = cache(Duration.days)
principal = cache(iam.ServicePrincipal)
anywhere = cache(ec2.Peer.any_ipv4)
tcp = cache(ec2.Port.tcp)
