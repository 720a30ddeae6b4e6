"""Frozen values with slots, made from a class body like those of `dataclass`, but at less cost.

A class under `@frozen()` lists its fields as a data class does, and type checkers take it for one.
`dataclass(frozen=True, slots=True)` writes the source of about six methods for each class and runs
it, which was half of the processor time of the first server; most of these classes were then never
used. Here all classes share their methods, except for the initializer: its source is written when
the first value is made, so that making a value costs as little as possible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Value = TypeVar("Value")
Class = TypeVar("Class", bound=type)


def later(*, init: Literal[False] = False) -> Any:
    """Mark a field that the class itself sets, with `object.__setattr__`; until then it is `None`.

    It is not an argument, and is neither compared nor shown.
    """
    del init  # only for type checkers
    return _LATER


_LATER: Final = object()


@dataclass_transform(frozen_default=True, field_specifiers=(later,))
def frozen(*, kw_only: bool = False, eq: bool = True) -> Callable[[Class], Class]:
    """Make a class of frozen values with slots.

    With `kw_only` the fields are given by keyword. With `eq` two values with equal fields are
    equal, otherwise only a value and itself. Every assignment raises `FrozenInstanceError`. A copy
    is the value itself. A method `__post_init__` is called when the fields are set.
    """
    return lambda cls: _made(cls, kw_only, eq)


def _made(cls: Class, kw_only: bool, eq: bool) -> Class:
    """Return a second class with slots: they cannot be added to the one that exists."""
    body = {name: one for name, one in vars(cls).items() if name not in _OF_THE_FIRST}
    slots = tuple(cls.__annotations__)
    defaults = {name: body.pop(name) for name in slots if name in body}
    arguments = tuple(name for name in slots if defaults.get(name) is not _LATER)
    body = {**_SHARED, **(_COMPARED if eq else {}), **body}
    body["__qualname__"] = cls.__qualname__
    body["__slots__"] = slots
    body["__init__"] = _Initializer(arguments, defaults, kw_only)
    body["__match_args__"] = () if kw_only else arguments
    body["_arguments"] = arguments
    made: Class = type(cls)(cls.__name__, cls.__bases__, body)
    return made


class _Initializer:
    """In the place of an initializer until it is first used; then writes it and puts it there."""

    def __init__(
        self, arguments: Sequence[str], defaults: Mapping[str, object], kw_only: bool
    ) -> None:
        self._arguments = arguments
        self._defaults = defaults
        self._kw_only = kw_only

    def __set_name__(self, cls: Any, _: str) -> None:
        self._class = cls

    def __get__(self, value: object, _: type) -> Any:
        cls = self._class
        known = {f"default_{name}": default for name, default in self._defaults.items()}
        # A slot's own `__set__` is quicker than `object.__setattr__`, which looks for the slot.
        known |= {f"set_{name}": vars(cls)[name].__set__ for name in cls.__slots__}
        # An error in the arguments shows at the line that made the value.
        known["__tracebackhide__"] = True
        # Compiled first: CPython takes Ctrl-C in the `exec` of a str for one that nobody handled,
        # and the process then ends by that signal, whatever its exit status was to be.
        source = compile(self._source(), "<frozen>", "exec")
        exec(source, known)  # noqa: S102  # it consists of names of our own
        written: Any = known["__init__"]
        written.__qualname__ = f"{cls.__qualname__}.__init__"
        written.__module__ = cls.__module__
        types = {name: cls.__annotations__[name] for name in self._arguments}
        written.__annotations__ = {**types, "return": None}
        cls.__init__ = written
        return written if value is None else written.__get__(value)

    def _source(self) -> str:
        keyword_mark = ["*"] if self._kw_only and self._arguments else []
        given = [
            f"{name}=default_{name}" if name in self._defaults else name for name in self._arguments
        ]
        lines = [f"def __init__({', '.join(['self', *keyword_mark, *given])}):", " pass"]
        lines += [
            f" set_{name}(self, {name if name in self._arguments else None})"
            for name in self._class.__slots__
        ]
        if hasattr(self._class, "__post_init__"):
            lines.append(" self.__post_init__()")
        return "\n".join(lines)


class _OfDataclass:
    """For `dataclasses.fields`, `replace` and `asdict`, and for tools that show values.

    It is made when one of them asks, by making such a data class.
    """

    def __set_name__(self, _: type, name: str) -> None:
        self._name = name

    def __get__(self, value: object, cls: Any) -> Any:
        like = _dataclass_like(cls)
        cls.__dataclass_fields__ = like.__dataclass_fields__
        cls.__dataclass_params__ = like.__dataclass_params__
        return getattr(cls, self._name)


def _dataclass_like(cls: Any) -> Any:
    import dataclasses
    from inspect import signature

    arguments = signature(cls.__init__).parameters

    def field(name: str) -> Any:
        if name not in arguments:
            return dataclasses.field(init=False, repr=False, compare=False)
        one = arguments[name]
        given: dict[str, Any] = {"kw_only": one.kind is one.KEYWORD_ONLY}
        if one.default is not one.empty:
            # `dataclass` refuses an unhashable default, because it takes it for a mutable one.
            given["default_factory"] = lambda: one.default
        return dataclasses.field(**given)

    rows = [(name, cls.__annotations__[name], field(name)) for name in cls.__slots__]
    is_compared = cls.__eq__ is _equal
    return dataclasses.make_dataclass(cls.__name__, rows, eq=is_compared, frozen=True)


def _refuse(value: object, name: str, *_: object) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"{type(value).__name__}.{name} cannot be changed")


def _same(value: Value, _: object = None) -> Value:
    return value


def _fields(value: Any) -> tuple[object, ...]:
    return tuple([getattr(value, name) for name in value._arguments])


def _equal(value: object, other: object) -> bool:
    return _fields(value) == _fields(other) if type(value) is type(other) else NotImplemented


def _hash(value: object) -> int:
    return hash(_fields(value))


def _shown(value: Any) -> str:
    fields = ", ".join(f"{name}={getattr(value, name)!r}" for name in value._arguments)
    return f"{type(value).__qualname__}({fields})"


def _state(value: Any) -> list[object]:
    return [getattr(value, name) for name in value.__slots__]


def _restore(value: Any, state: list[object]) -> None:
    for name, one in zip(value.__slots__, state, strict=True):
        object.__setattr__(value, name, one)


#: Attributes of the first class that the one with slots must not get.
_OF_THE_FIRST: Final = {"__dict__", "__weakref__"}

_SHARED: Final[Mapping[str, object]] = {
    "__setattr__": _refuse,
    "__delattr__": _refuse,
    "__copy__": _same,
    "__deepcopy__": _same,
    "__repr__": _shown,
    "__getstate__": _state,
    "__setstate__": _restore,
    "__dataclass_fields__": _OfDataclass(),
    "__dataclass_params__": _OfDataclass(),
}
_COMPARED: Final[Mapping[str, object]] = {"__eq__": _equal, "__hash__": _hash}


def replaced(value: Value, **changes: Any) -> Value:
    """Return a value that is the same except for these fields."""
    fields = {name: getattr(value, name) for name in value._arguments}  # type: ignore[attr-defined]
    return type(value)(**fields | changes)


def not_pickled(cls: Class) -> Class:
    """Make `pickle` refuse a record, which refers to its server, and say what to keep instead."""
    setattr(cls, "__reduce_ex__", _keep_instead)  # noqa: B010  # a checker need not know it
    return cls


def _keep_instead(record: object, _: object) -> NoReturn:
    raise TypeError(
        f"a record ({type(record).__name__}) cannot be pickled: keep what you need of it, such as "
        "message.content, or the file that message.save() writes"
    )
