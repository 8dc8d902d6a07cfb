"""From errors to `application/problem+json`: one table."""

import math
from typing import Any, Final

import orjson
from attrs import frozen

from daemon.control.strict import BadRequestBody, FieldFault
from daemon.errors import ShowroomError
from shards.errors import Conflict, Invalid, NotFound, ShardError, ShardUnavailable

PROBLEM: Final = "application/problem+json"
RETRY_SECONDS: Final = 5.0

TITLES: Final = {
    400: "Bad request",
    401: "Not authorised",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    408: "Request too slow",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported content type",
    422: "Invalid",
    429: "Too many requests",
    500: "Internal error",
    501: "Not implemented",
    503: "Unavailable",
}


@frozen(kw_only=True)
class Problem:
    """What went wrong with a request, for people and programs. `id` finds it in the log."""

    status: int
    detail: str
    errors: tuple[FieldFault, ...] = ()
    id: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def body(self) -> bytes:
        """The JSON document."""
        title = TITLES.get(self.status, "Error")
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": title,
            "status": self.status,
            "detail": self.detail,
            "errors": [{"path": fault.path, "message": fault.message} for fault in self.errors],
        }
        if self.id:
            document["id"] = self.id
        return orjson.dumps(document)


class Refusal(ShowroomError):
    """The API refuses a request: with this problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def refuse(status: int, detail: str, *errors: FieldFault, headers: tuple[tuple[str, str], ...] = ()) -> Refusal:
    """The error to raise."""
    return Refusal(Problem(status=status, detail=detail, errors=errors, headers=headers))


def unauthorised(detail: str) -> Refusal:
    """401, with the header that asks for a token."""
    return refuse(401, detail, headers=(("WWW-Authenticate", 'Bearer realm="showroomd"'),))


_STATUS: Final[tuple[tuple[type[ShardError], int], ...]] = (
    (NotFound, 404),
    (Conflict, 409),
    (Invalid, 422),
    (ShardUnavailable, 503),
)

EXPECTED: Final = (Refusal, BadRequestBody, NotFound, Conflict, Invalid, ShardUnavailable)
"""Errors that `of` knows; every other one is a fault of ours: 500, and the log."""


def of(error: Exception) -> Problem | None:
    """The problem an error stands for, None for one that nobody foresaw."""
    if isinstance(error, Refusal):
        return error.problem
    if isinstance(error, BadRequestBody):
        return Problem(status=422, detail="the request has fields that cannot be taken", errors=error.faults)
    for kind, status in _STATUS:
        if isinstance(error, kind):
            path = error.path if isinstance(error, Invalid) else ""
            retry = (("Retry-After", str(math.ceil(RETRY_SECONDS))),) if status == 503 else ()
            errors = (FieldFault(path, error.what),) if path else ()
            return Problem(status=status, detail=str(error), errors=errors, headers=retry)
    return None
