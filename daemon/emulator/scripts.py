"""What a scripted AI vendor does with a request: the faults it can be told to have, and when."""

from collections.abc import Iterable
from typing import Any, Final

from attrs import define, field, frozen

FAULTS: Final = {
    "stall": "answer after `seconds`, or when released if that is 0",
    "rate_limited": "429 with `retry-after: seconds`",
    "no_quota": "429 that no waiting helps: the vendor wants to be paid",
    "overloaded": "529",
    "server_error": "500",
    "unauthorized": "401",
    "bad_request": "400",
    "garbage": "200 whose body is broken JSON, or two thirds of a sound file",
    "html": "200 with a web page, as a captive portal answers",
    "hollow": "200 with JSON that lacks what an answer has",
    "cut": "the connection ends in the middle of the body",
    "refusal": "the model declines",
    "length": "the answer stops at the limit of tokens",
    "empty": "an answer without text or calls, a sound file without a byte",
    "bad_arguments": "a tool call whose arguments are not a JSON object",
    "unknown_tool": "a call of a tool that was never offered",
    "tool_loop": "a tool call, whatever was answered",
    "invented_price": "an answer with a price that no tool gave",
}
"""Every fault by name, with what it looks like from outside."""


@frozen(kw_only=True)
class Step:
    """One rule of a script: which fault, how often, for whom."""

    fault: str = field()
    times: int = 1  # requests it holds for; 0 means until the script is changed
    vendor: str = ""  # "anthropic", "openai", or with "transcription" or "speech" behind it; "" means all
    contains: str = ""  # only requests whose last customer text has these words
    seconds: float = 0.0

    @fault.validator
    def _known(self, _: Any, value: str) -> None:
        if value not in FAULTS:
            raise ValueError(f"there is no fault {value!r}: use one of {', '.join(FAULTS)}")


@define
class Script:
    """Steps in order; the first that fits a request is used up by it."""

    _steps: list[tuple[Step, int]] = field(factory=list, alias="steps")

    @classmethod
    def of(cls, steps: Iterable[Step]) -> "Script":
        """A script of these steps."""
        script = cls()
        script.replace(steps)
        return script

    def replace(self, steps: Iterable[Step]) -> None:
        """Forget what was planned and follow `steps`."""
        self._steps = [(step, step.times) for step in steps]

    def next(self, vendor: str, said: str) -> Step | None:
        """The step for this request, or None when it is to be answered properly."""
        for index, (step, left) in enumerate(self._steps):
            if step.vendor not in ("", vendor) or step.contains not in said:
                continue
            if left == 1:
                del self._steps[index]
            elif left > 1:
                self._steps[index] = (step, left - 1)
            return step
        return None
