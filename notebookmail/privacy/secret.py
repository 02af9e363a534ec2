"""Secrets that show themselves to nobody: passwords, access tokens, and what is made of them.

Notebooks show the variables of every frame of a traceback (IPython's Verbose mode, rich's show_locals,
`capture_locals`), and what they show is saved and passed on. So no variable of this package holds a secret as a
text: it is wrapped where it comes in, before anything can raise, and unwrapped where it goes to the wire. A frame
that has it as a text in between (`Secret.map` and what it calls) is in no traceback.

The text is kept in a closure, not in an attribute: debuggers and pretty-printers walk attributes.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import hmac
import inspect
import itertools
import re
import types
from typing import TYPE_CHECKING, Any, Final, NoReturn, ParamSpec, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HIDDEN: Final = "***"
"""What stands in place of a secret."""

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")
_Class = TypeVar("_Class", bound=type)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{4,}={0,2}")


class Secret:
    """Octets that only `reveal` gives away: no repr, format, copy, pickle or `dataclasses.asdict` does.

    It equals the text or octets it holds.

    Args:
        value: The secret; a text is encoded as UTF-8.
    """

    __slots__ = ("reveal",)

    reveal: Callable[[], bytes]
    """Return the octets: for the one who needs them as they are, at the last moment."""

    def __init__(self, value: str | bytes) -> None:
        octets = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else bytes(value)
        object.__setattr__(self, "reveal", lambda: octets)

    @overload
    @staticmethod
    def of(value: str | bytes | Secret) -> Secret: ...
    @overload
    @staticmethod
    def of(value: str | bytes | Secret | None) -> Secret | None: ...
    @staticmethod
    def of(value: Any) -> Any:
        """Wrap a text or octets; anything else, a secret among it, stays what it is."""
        return Secret(value) if isinstance(value, (str, bytes)) else value

    def map(self, change: Callable[[bytes], bytes]) -> Secret:
        """Make another secret of this one.

        Raises:
            BaseException: What `change` raised, without the frames that saw the secret.
        """
        error: BaseException
        try:
            return Secret(change(self.reveal()))
        except BaseException as problem:  # noqa: BLE001 -- raised again below, an interrupt too
            error = problem
        error.__cause__ = error.__context__ = None
        raise error.with_traceback(None)

    def strike(self, text: str) -> str:
        """Take this secret out of a text, as it is, in base64, in hexadecimal, or within a longer base64 word.

        An echo of a SASL response holds the secret among other octets: no such word is worth keeping.
        """
        octets = self.reveal()
        if not octets:
            return text
        for form in (octets, base64.b64encode(octets), octets.hex().encode()):
            text = text.replace(form.decode("utf-8", "backslashreplace"), HIDDEN)
        return _BASE64.sub(lambda word: HIDDEN if octets in _decoded(word[0]) else word[0], text)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return Secret(other) == self
        if isinstance(other, Secret):
            return hmac.compare_digest(self.reveal(), other.reveal())
        return isinstance(other, bytes) and hmac.compare_digest(self.reveal(), other)

    def __hash__(self) -> int:
        return hash(hashlib.sha256(self.reveal()).digest())  # as equal as the octets; bytes' hash is salted

    def __len__(self) -> int:
        return len(self.reveal())

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a secret is not changed")

    def __repr__(self) -> str:
        return repr(HIDDEN)

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: object) -> Secret:
        return self

    def __reduce_ex__(self, _protocol: object) -> tuple[Any, ...]:
        """Leave nothing in a pickle but that there is no secret; where it is read, it is looked up anew."""
        return type(None), ()


def joined(pieces: Iterable[bytes | Secret]) -> Secret:
    """Join octets, some of which are secret, to one secret."""
    return Secret(b"".join(piece.reveal() if isinstance(piece, Secret) else piece for piece in pieces))


def without(text: str, secrets: Iterable[Secret]) -> str:
    """Take secrets out of what a hostile or careless server said."""
    for secret in secrets:
        text = secret.strike(text)
    return text


def seals(*names: str) -> Callable[[Callable[_Parameters, _Result]], Callable[_Parameters, _Result]]:
    """Let a function see some of its arguments as secrets only, so that no frame of it ever has their text.

    Args:
        names: Those of its parameters, or of its `**options`, that are secret.
    """

    def decorate(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
        seal = functools.partial(_sealed, frozenset(names), _positional(function))

        @functools.wraps(function)
        def sealed(*arguments: Any, **options: Any) -> Any:
            arguments, options = seal(arguments, options)
            return function(*arguments, **options)

        return _as_coroutine_function(sealed, seal, function) if inspect.iscoroutinefunction(function) else sealed

    return decorate


_Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def _positional(function: Callable[..., Any]) -> tuple[str, ...]:
    """Name what each place of a call is for; all places beyond are for the last one's."""
    keyword = {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}
    return tuple(each.name for each in inspect.signature(function).parameters.values() if each.kind not in keyword)


def _sealed(
    names: frozenset[str], positional: tuple[str, ...], arguments: tuple[Any, ...], options: dict[str, Any]
) -> _Arguments:
    of_places = itertools.chain(positional, itertools.repeat(positional[-1] if positional else ""))
    return (
        tuple(
            Secret.of(each) if name in names else each for name, each in zip(of_places, arguments, strict=False)
        ),
        {name: Secret.of(value) if name in names else value for name, value in options.items()},
    )


def _as_coroutine_function(sealed: Any, seal: Callable[..., _Arguments], function: Any) -> Any:
    """Let a function that returns coroutines count as a coroutine function, as the one it stands for does.

    It seals when it is called, not when it begins to run: a task that was cancelled before shows its arguments.
    """
    if hasattr(inspect, "markcoroutinefunction"):
        return inspect.markcoroutinefunction(sealed)
    return _CoroutineFunction(seal, function)


class _CoroutineFunction:
    """A function to call, which Python 3.11 takes for the coroutine function that it wraps.

    There no function can be marked; what counts for `inspect` is the code that a function-like object names.
    """

    __qualname__: str  # of the function

    def __init__(self, seal: Callable[..., _Arguments], function: Any) -> None:
        functools.update_wrapper(self, function)
        self._seal, self._function = seal, function
        self.__code__ = function.__code__
        self.__defaults__ = function.__defaults__
        self.__kwdefaults__ = function.__kwdefaults__

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        arguments, options = self._seal(arguments, options)
        return self._function(*arguments, **options)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self) -> str:
        return self.__qualname__  # like any function, pickled by its name

    def __repr__(self) -> str:
        return f"<function {self.__qualname__} at {id(self):#x}>"


def seals_fields(*names: str) -> Callable[[_Class], _Class]:
    """Let a dataclass keep some of its fields as secrets, whatever text they are given as."""

    def decorate(kind: _Class) -> _Class:
        kind.__init__ = seals(*names)(kind.__init__)  # type: ignore[misc] # the generated one
        return kind

    return decorate


def _decoded(word: str) -> bytes:
    bare = word.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except binascii.Error:
        return b""
