"""The cases, by name: pairs of templates with stacks of their own, compared by the real engine all at once."""

from typing import Any

from release.review.cdk_diff import TemplatePair
from tests.unit.review.scene import (
    Template,
    allow,
    changed,
    ingress,
    policy,
    resource,
    service,
    task,
    template,
    without,
)

_DATABASE = resource(
    "RDS::DBInstance", "data/Database/Instance", keep="Retain", Engine="postgres", EngineVersion="17.4",
    DBInstanceClass="db.t4g.medium", StorageType="gp3", AllocatedStorage="50", MultiAZ=False, StorageEncrypted=True,
    BackupRetentionPeriod=7, DeletionProtection=True,
)  # fmt: skip
_DATA = template(Database=_DATABASE)
_VOLUME = template(
    Volume=resource("EFS::FileSystem", "engine/Volume", Encrypted=True, PerformanceMode="generalPurpose")
)
_GROUP = template(
    Group=resource("EC2::SecurityGroup", GroupDescription="tasks", SecurityGroupIngress=[ingress("10.0.0.0/16", 443)])
)
_POLICY = template(Policy=policy(allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::snapshots/*")))
_LOGS = template(Logs=resource("Logs::LogGroup", "engine/Logs", RetentionInDays=365))
_ALARM = template(Alarm=resource("CloudWatch::Alarm", AlarmDescription="old", MetricName="m", Threshold=1))
_TABLE = template(Table=resource("DynamoDB::Table", TableName="ledger", KeySchema=[{"AttributeName": "pk"}]))
_NODES = {"ClientSubnets": ["a", "b"], "InstanceType": "kafka.m7g.large"}
_BROKERS = template(Brokers=resource("MSK::Cluster", ClusterName="kafka", BrokerNodeGroupInfo=_NODES))
_WEB = template(
    Task=task(),
    Web=service("Task", name="exchange-backend-web", BakeTimeInMinutes=3),
    Scaling=resource(
        "ApplicationAutoScaling::ScalableTarget", MinCapacity=2, MaxCapacity=4,
        ResourceId={"Fn::Join": ["/", ["service", {"Fn::GetAtt": ["Web", "Name"]}]]},
    ),
)  # fmt: skip
_ENGINE = template(Task=task(1024, 4096), App=service("Task", name="exchange-engine-app", least=0, most=100))
_KAFKA = template(Task=task(), Kafka=service("Task", name="exchange-kafka", least=0, most=100))
_FRONT = template(Front=resource("ElasticLoadBalancingV2::LoadBalancer", Scheme="internet-facing", Type="application"))
_NOTE = template(Note=resource("CDK::Metadata", Analytics="a"))


def _with_change_set(stack: str, *, replacement: str, recreation: str) -> TemplatePair:
    """As DescribeChangeSet answers."""
    target = {"Attribute": "Properties", "Name": "Engine", "RequiresRecreation": recreation}
    change = {
        "Action": "Modify",
        "LogicalResourceId": "Database",
        "ResourceType": "AWS::RDS::DBInstance",
        "Replacement": replacement,
        "Details": [{"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}],
    }
    answer = {"Changes": [{"Type": "Resource", "ResourceChange": change}]}
    return TemplatePair(stack, _DATA, changed(_DATA, "Database", Engine="mysql"), answer)


def _brokers(**nodes: Any) -> Template:
    return changed(_BROKERS, "Brokers", BrokerNodeGroupInfo={**_NODES, **nodes})


def _group(*rules: Template) -> Template:
    return changed(_GROUP, "Group", SecurityGroupIngress=list(rules))


def _renamed(before: Template, old: str, new: str) -> Template:
    """What a construct's new id does."""
    moved = {**before["Resources"][old], "Metadata": {"aws:cdk:path": f"data/{new}/Instance/Resource"}}
    return {"Resources": {**without(before, old)["Resources"], new: moved}}


def _many(count: int, retention: int) -> Template:
    groups = {
        f"Logs{n}": resource("Logs::LogGroup", f"many/{'x' * 80}{n}", RetentionInDays=retention + n)
        for n in range(count)
    }
    return template(**groups)


def _reads(stack: str, output: str) -> Template:
    return {"Fn::GetStackOutput": {"StackName": stack, "Region": "us-west-2", "OutputName": output}}


def _three_stacks(name: str, **subnet: Any) -> list[TemplatePair]:
    """The engine's stack refers to the data's, and that to the network's; only the network's own template changes."""
    network = template(Subnet=resource("EC2::Subnet", CidrBlock="10.0.0.0/24", MapPublicIpOnLaunch=True))
    outputs = {"Outputs": {"Subnet": {"Value": {"Ref": "Subnet"}}}}
    nodes = {**_NODES, "ClientSubnets": [_reads(f"{name}-network", "Subnet")]}
    data = template(Brokers=resource("MSK::Cluster", BrokerNodeGroupInfo=nodes))
    arn = {"Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Brokers", "Arn"]}}}}
    engine = template(Policy=policy(allow("kafka-cluster:Connect", _reads(f"{name}-data", "Arn"))))
    return [
        TemplatePair(f"{name}-network", network | outputs, changed(network, "Subnet", **subnet) | outputs),
        TemplatePair(f"{name}-data", data | arn, data | arn),
        TemplatePair(f"{name}-engine", engine, engine),
    ]


CASES: dict[str, list[TemplatePair]] = {
    "database renamed": [TemplatePair("data", _DATA, _renamed(_DATA, "Database", "Postgres"))],
    "database moved to another port": [TemplatePair("port", _DATA, changed(_DATA, "Database", Port="5433"))],
    "database gets another engine": [
        TemplatePair("doubt", _DATA, changed(_DATA, "Database", Engine="aurora-postgresql"))
    ],
    "database gets a standby": [TemplatePair("standby", _DATA, changed(_DATA, "Database", MultiAZ=True))],
    "change set replaces": [_with_change_set("told-new", replacement="True", recreation="Always")],
    "change set updates": [_with_change_set("told-old", replacement="False", recreation="Never")],
    "database goes with a snapshot": [
        TemplatePair("snapshot", template(Database={**_DATABASE, "DeletionPolicy": "Snapshot"}), template())
    ],
    "load balancer replaced": [TemplatePair("front", _FRONT, changed(_FRONT, "Front", Scheme="internal"))],
    "subnet of another stack replaced": _three_stacks("far", CidrBlock="10.0.1.0/24"),
    "subnet of another stack updated": _three_stacks("near", MapPublicIpOnLaunch=False),
    "engine volume replaced": [TemplatePair("volume", _VOLUME, changed(_VOLUME, "Volume", PerformanceMode="maxIO"))],
    "brokers in other subnets": [TemplatePair("brokers", _BROKERS, _brokers(ClientSubnets=["c", "d"]))],
    "brokers of another size": [TemplatePair("sized", _BROKERS, _brokers(InstanceType="kafka.m7g.xlarge"))],
    "table keeps its name": [
        TemplatePair("named", _TABLE, changed(_TABLE, "Table", KeySchema=[{"AttributeName": "id"}]))
    ],
    "table gets a condition": [
        TemplatePair(
            "conditional", _TABLE, {"Resources": {"Table": {**_TABLE["Resources"]["Table"], "Condition": "Given"}}}
        )
    ],
    "repository goes": [TemplatePair("images", template(Images=resource("ECR::Repository")), template())],
    "group opened to the world": [
        TemplatePair("open", _GROUP, _group(ingress("10.0.0.0/16", 443), ingress("0.0.0.0/0", 22)))
    ],
    "only a rule's description": [TemplatePair("words", _GROUP, _group(ingress("10.0.0.0/16", 443, "users")))],
    "database gets a public address": [
        TemplatePair("public", _DATA, changed(_DATA, "Database", PubliclyAccessible=True))
    ],
    "any resource": [
        TemplatePair("wild", _POLICY, template(Policy=policy(allow(["s3:GetObject", "s3:PutObject"], "*"))))
    ],
    "fewer actions": [
        TemplatePair("narrow", _POLICY, template(Policy=policy(allow("s3:GetObject", "arn:aws:s3:::snapshots/*"))))
    ],
    "a denial goes": [
        TemplatePair(
            "denial",
            template(Policy=policy({**allow("s3:*", "*"), "Effect": "Deny"})),
            template(Policy=policy({**allow("s3:DeleteObject", "*"), "Effect": "Deny"})),
        )
    ],
    "a condition goes": [
        TemplatePair(
            "bound",
            template(Policy=policy(allow("kms:Decrypt", "key", Condition={"StringEquals": {"kms:ViaService": "s3"}}))),
            template(Policy=policy(allow("kms:Decrypt", "key"))),
        )
    ],
    "managed policy attached": [
        TemplatePair(
            "attached",
            template(Role=resource("IAM::Role", ManagedPolicyArns=[])),
            template(Role=resource("IAM::Role", ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"])),
        )
    ],
    "retention lowered": [TemplatePair("logs", _LOGS, changed(_LOGS, "Logs", RetentionInDays=30))],
    "retention from for ever": [
        TemplatePair("ever", changed(_LOGS, "Logs", RetentionInDays=None), changed(_LOGS, "Logs", RetentionInDays=30))
    ],
    "retention raised": [TemplatePair("raised", _LOGS, changed(_LOGS, "Logs", RetentionInDays=400))],
    "protection taken away": [
        TemplatePair(
            "unprotected", _DATA, changed(_DATA, "Database", DeletionProtection=False, BackupRetentionPeriod=1)
        )
    ],
    "alarm goes": [TemplatePair("silent", _ALARM, template())],
    "only a description": [TemplatePair("described", _ALARM, changed(_ALARM, "Alarm", AlarmDescription="new"))],
    "larger disk": [TemplatePair("disk", _DATA, changed(_DATA, "Database", AllocatedStorage="100"))],
    "task size": [TemplatePair("backend", _WEB, changed(_WEB, "Task", Cpu="1024", Memory="2048"))],
    "three services": [
        TemplatePair("exchange-engine", _ENGINE, changed(_ENGINE, "Task", Cpu="2048")),
        TemplatePair("exchange-backend", _WEB, changed(_WEB, "Task", Cpu="1024")),
        TemplatePair("exchange-data", _KAFKA, changed(_KAFKA, "Task", Cpu="1024")),
    ],
    "more tasks": [TemplatePair("scaled", _WEB, changed(_WEB, "Scaling", MinCapacity=3))],
    "stack added": [TemplatePair("added", None, template(Key=resource("KMS::Key"), Bucket=resource("S3::Bucket")))],
    "stack removed": [TemplatePair("removed", _DATA, None)],
    "600 resources": [TemplatePair("many", _many(600, 1000), _many(600, 900))],
    "markup": [
        TemplatePair(
            "markup",
            _ALARM,
            changed(_ALARM, "Alarm", AlarmDescription="</details> @everybody | `x` <!-- --> ${a}\n# title", Unit="*"),
        )
    ],
    "nothing": [TemplatePair("same", _DATA, _DATA)],
    "only CDK's note": [TemplatePair("noted", _NOTE, changed(_NOTE, "Note", Analytics="b"))],
}  # fmt: skip


LEDGER = template(
    Logs=resource("Logs::LogGroup", "data/Logs", RetentionInDays=365),
    Table=resource("DynamoDB::Table", "data/Table", TableName="ledger"),
)
SHORTER, LONGER = changed(LEDGER, "Logs", RetentionInDays=30), changed(LEDGER, "Logs", RetentionInDays=400)
NO_TABLE = without(LEDGER, "Table")
MANY = template(**{f"Logs{n}": resource("Logs::LogGroup", f"data/{'x' * 200}{n}") for n in range(600)})
SHORTENED = {
    "Changes": [
        {
            "Type": "Resource",
            "ResourceChange": {
                "Action": "Modify",
                "LogicalResourceId": "Logs",
                "ResourceType": "AWS::Logs::LogGroup",
                "Details": [
                    {"Target": {"Attribute": "Properties", "Name": "RetentionInDays", "RequiresRecreation": "Never"}}
                ],
            },
        }
    ]
}
# What the tests of the command line have compared.
TYPED = [
    TemplatePair("data", LEDGER, SHORTER),
    TemplatePair("data", LEDGER, LONGER),
    TemplatePair("data", LEDGER, NO_TABLE),
    TemplatePair("data", LEDGER, MANY),
    TemplatePair("data", LONGER, SHORTER, SHORTENED),
    TemplatePair("new", None, LEDGER),
]
