"""The forms in which parts of ministack get public names: stores of records, and functions that may be replaced.

A store is a mapping of its own for each account and region, seen through the request's scope.
"""

from collections.abc import Callable, MutableMapping
from types import ModuleType
from typing import Any, Generic, ParamSpec, TypeVar

from local_aws.ministack_parts.answers import Record

Store = MutableMapping[str, Record]


Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Replaceable(Generic[Parameters, Result]):
    """A function by its module and private name, looked up at each call: every caller gets what replaced it.

    A name that the installed ministack lacks is an AttributeError when the room is imported.
    """

    def __init__(self, module: ModuleType, name: str) -> None:
        getattr(module, name)
        self._module, self._name = module, name

    @property
    def current(self) -> Callable[Parameters, Result]:
        """Return the function as it is now: ministack's own, or what replaced it last."""
        function: Callable[Parameters, Result] = getattr(self._module, self._name)
        return function

    def __call__(self, *arguments: Parameters.args, **options: Parameters.kwargs) -> Result:
        return self.current(*arguments, **options)

    def replace(self, function: Callable[..., Any]) -> None:
        """Let ministack and everybody here call `function` from now on."""
        setattr(self._module, self._name, function)

    def wrap(self, wrapper: Callable[[Any], Callable[..., Any]]) -> None:
        """Replace the function by what `wrapper` makes of the current one."""
        self.replace(wrapper(self.current))
