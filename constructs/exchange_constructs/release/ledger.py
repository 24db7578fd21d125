"""The ledger: one table that holds every release, and the locks."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from exchange_constructs.nag import acknowledge


class LedgerTable(Construct):
    """Keys `pk` and `sk`, as docs/contracts.md has them; kept whatever happens to the stack."""

    def __init__(self, scope: Construct, id_: str, *, key: kms.IKey, protect: bool) -> None:
        super().__init__(scope, id_)
        text = dynamodb.AttributeType.STRING
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="pk", type=text),
            sort_key=dynamodb.Attribute(name="sk", type=text),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=protect,
            removal_policy=RemovalPolicy.RETAIN,
        )
        backup = "point-in-time recovery goes back 35 days, further than any rollback"
        acknowledge(self.table, {"NIST.800.53.R5-DynamoDBInBackupPlan": backup})
