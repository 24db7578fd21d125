"""The part of CloudWatch's metric math that alarms here use: arithmetic, comparisons, FILL and IF.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast
import operator
from collections.abc import Callable
from typing import Any

Value = float | None
Lookup = Callable[[str], Value]
BINARY: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class UnsupportedError(ValueError):
    """An expression that is not imitated here."""


def evaluate(expression: str, lookup: Lookup) -> Value:
    """Return the expression's value in one period; None where a datapoint is missing, or the division is by zero."""
    try:
        return _value(ast.parse(expression, mode="eval").body, lookup)
    except SyntaxError as wrong:
        raise UnsupportedError(f"metric math {expression!r}: {wrong.msg}") from wrong


def _value(node: ast.AST, lookup: Lookup) -> Value:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return lookup(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _applied(operator.sub, 0.0, _value(operand, lookup))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in BINARY:
            return _applied(BINARY[type(sign)], _value(left, lookup), _value(right, lookup))
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            return _applied(BINARY[type(sign)], _value(left, lookup), _value(right, lookup))
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in FUNCTIONS:
            return FUNCTIONS[name](arguments, lookup)
    raise UnsupportedError(f"metric math {ast.unparse(node)!r} is not imitated here")


def _applied(sign: Callable[[float, float], float], left: Value, right: Value) -> Value:
    if left is None or right is None:
        return None
    try:
        return float(sign(left, right))
    except ZeroDivisionError:
        return None


def _fill(arguments: list[Any], lookup: Lookup) -> Value:
    value = _value(arguments[0], lookup)
    return value if value is not None else _value(arguments[1], lookup)


def _if(arguments: list[Any], lookup: Lookup) -> Value:
    condition = _value(arguments[0], lookup)
    if condition is None:
        return None
    if condition:
        return _value(arguments[1], lookup)
    return _value(arguments[2], lookup) if len(arguments) > 2 else None


FUNCTIONS: dict[str, Callable[[list[Any], Lookup], Value]] = {"FILL": _fill, "IF": _if}
