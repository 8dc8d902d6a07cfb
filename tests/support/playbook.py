"""Rehearses a generator of commands as a dialogue: `<<` a command comes out, `>>` its answer goes in.

    with Playbook(turn(brief, ["anthropic"])) as play:
        play << AskModel >> said("Oi!")
    assert play.reply.text == "Oi!"

What is expected after `<<` is a command (compared), a type, or a function that looks at the command. `Note`s are
answered by the playbook and kept in `notes`. A play that is left before the
generator has ended fails, with its dialogue.
"""

from collections.abc import Generator
from types import TracebackType
from typing import Any, Self

from daemon.desk.brief import Note, Reply


class Playbook:
    """One rehearsal of one generator."""

    def __init__(self, generator: Generator[Any, Any, Reply]) -> None:
        self._generator = generator
        self._command: Any = None
        self._expected = False  # the command that waits was named by `<<`
        self._dialogue: list[str] = []
        self._end: Reply | None = None
        self.notes: list[Note] = []
        self._advance(None)

    @property
    def command(self) -> Any:
        """The command that waits for its answer."""
        return self._command

    @property
    def reply(self) -> Reply:
        """What the generator ended with; fails before it has."""
        if self._end is None:
            raise AssertionError(f"the play has not ended:\n{self}")
        return self._end

    def __lshift__(self, expected: Any) -> Self:
        if self._end is not None:
            raise AssertionError(f"expected {_short(expected)}, but the play has ended:\n{self}")
        if not _fits(expected, self._command):
            raise AssertionError(f"expected {_short(expected)}, but out came the last line:\n{self}")
        self._expected = True
        return self

    def __rshift__(self, answer: Any) -> Self:
        if not self._expected:
            raise AssertionError(f"an answer to a command that no << has named:\n{self}")
        self._dialogue.append(f">> {_short(answer)}")
        self._advance(answer)
        return self

    def _advance(self, answer: Any) -> None:
        self._expected = False
        while True:
            try:
                self._command = self._generator.send(answer)
            except StopIteration as end:
                self._end = end.value
                self._dialogue.append(f"== {_short(end.value)}")
                return
            self._dialogue.append(f"<< {_short(self._command)}")
            if not isinstance(self._command, Note):
                return
            self.notes.append(self._command)
            answer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._generator.close()
        if kind is None and self._end is None:
            raise AssertionError(f"the play was left unfinished:\n{self}")

    def __str__(self) -> str:
        return "\n".join(self._dialogue)


def _fits(expected: Any, command: Any) -> bool:
    if isinstance(expected, type):
        return isinstance(command, expected)
    if callable(expected):
        return bool(expected(command))
    return bool(expected == command)


def _short(value: Any) -> str:
    text = value.__name__ if isinstance(value, type) else repr(value)
    return text if len(text) <= 300 else text[:299] + "…"
