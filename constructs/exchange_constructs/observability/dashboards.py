"""Dashboards from tables: a row is a few graphs, a graph a title and its metrics."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from exchange_constructs.values import hours

_COLUMNS = 24  # how wide a dashboard is


@dataclass(frozen=True)
class Graph:
    """One graph; `unit` is the label of its axis."""

    title: str
    metrics: Sequence[cloudwatch.IMetric]
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """One dashboard: the state of its alarms, then its rows."""

    name: str
    rows: Sequence[Sequence[Graph]]
    alarms: Sequence[cloudwatch.IAlarm] = ()


class Dashboards(Construct):
    """One dashboard per table, named `<prefix>-<table>`: people look for them by name."""

    def __init__(self, scope: Construct, id_: str, *, prefix: str, tables: Sequence[Table]) -> None:
        super().__init__(scope, id_)
        for table in tables:
            cloudwatch.Dashboard(
                self,
                table.name.capitalize(),
                dashboard_name=f"{prefix}-{table.name}",
                default_interval=hours(3),
                widgets=[*_states(table.alarms), *([_widget(graph, len(row)) for graph in row] for row in table.rows)],
            )


def _states(alarms: Sequence[cloudwatch.IAlarm]) -> list[list[cloudwatch.IWidget]]:
    if not alarms:
        return []
    height = 1 + -(-len(alarms) // 4)
    return [[cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=_COLUMNS, height=height)]]


def _widget(graph: Graph, beside: int) -> cloudwatch.IWidget:
    return cloudwatch.GraphWidget(
        title=graph.title,
        left=list(graph.metrics),
        left_y_axis=cloudwatch.YAxisProps(min=0, label=graph.unit or None, show_units=False),
        width=_COLUMNS // beside,
        height=6,
    )
