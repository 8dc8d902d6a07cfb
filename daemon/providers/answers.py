"""A vendor's JSON: ours is encoded, theirs is read without trust. What is not as it must be is `ProviderGarbage`."""

from typing import Any, NoReturn, TypeVar

import orjson
from attrs import frozen

from daemon.errors import ProviderGarbage, ProviderRefused

T = TypeVar("T")


def garbage(provider: str, what: str) -> NoReturn:
    """Raise the error for an answer that cannot be used; `what` is wrong with it."""
    raise ProviderGarbage(f"{provider} answered something unusable ({what})", "it is tried once more")


def encoded(body: dict[str, Any]) -> bytes:
    """A request's body. Raises `ProviderRefused` for text that is no Unicode (half a surrogate pair)."""
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError as error:
        raise ProviderRefused(f"the prompt cannot be encoded ({error})", "this request is not sent") from None


@frozen
class Answer:
    """One JSON object of an answer, with checked access to its fields."""

    provider: str
    fields: dict[str, Any]
    where: str = "answer"

    @classmethod
    def parse(cls, provider: str, raw: bytes) -> "Answer":
        """The object in `raw`. Raises `ProviderGarbage`."""
        try:
            document = orjson.loads(raw)
        except orjson.JSONDecodeError:
            garbage(provider, "not JSON")
        if not isinstance(document, dict):
            garbage(provider, "not a JSON object")
        return cls(provider, document)

    def must(self, name: str, kind: type[T]) -> T:
        """The field, which must be there and of that kind. Raises `ProviderGarbage`."""
        value = self.fields.get(name)
        if not isinstance(value, kind):
            garbage(self.provider, f"{self.where}.{name} is not {kind.__name__}")
        return value

    def may(self, name: str, kind: type[T]) -> T | None:
        """The field, or None where it is missing or null. Raises `ProviderGarbage`."""
        return None if self.fields.get(name) is None else self.must(name, kind)

    def inner(self, name: str) -> "Answer":
        """The object in the field; an empty one where it is missing. Raises `ProviderGarbage`."""
        return Answer(self.provider, self.may(name, dict) or {}, f"{self.where}.{name}")

    def each(self, name: str) -> "list[Answer]":
        """The objects of the list in the field, which must be there. Raises `ProviderGarbage`."""
        items = self.must(name, list)
        inner = [Answer(self.provider, item, f"{self.where}.{name}") for item in items if isinstance(item, dict)]
        if len(inner) != len(items):
            garbage(self.provider, f"{self.where}.{name} has something that is not an object")
        return inner

    def count(self, name: str) -> int:
        """A number of tokens; 0 where it is missing. Raises `ProviderGarbage`."""
        value = self.may(name, int) or 0
        if value < 0:
            garbage(self.provider, f"{self.where}.{name} is negative")
        return value


def arguments(raw: Any) -> dict[str, Any] | None:
    """A tool call's arguments, given as JSON text or as an object; None when they are not a JSON object."""
    if isinstance(raw, str):
        try:
            raw = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return None
    return raw if isinstance(raw, dict) else None
