"""Attributes that are made when somebody first asks for them, and then kept with their object."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801 -- it is written like a decorator
    """As `functools.cached_property`, whose lock takes longer than most of what is made here. Two threads that ask at once
    each make it, which comes to the same: what is made depends on nothing but its object.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        """Under which name it is kept."""
        self._name = name

    @overload
    def __get__(self, one: None, owner: type) -> "once[T]": ...

    @overload
    def __get__(self, one: object, owner: type) -> T: ...

    def __get__(self, one: object | None, owner: type) -> "once[T] | T":
        """Make it: a second time nobody asks here, but finds what is kept."""
        if one is None:
            return self
        made = one.__dict__[self._name] = self._make(one)
        return made
