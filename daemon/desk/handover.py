"""Giving a conversation to a person, by the shop's hours. Pure.

While nobody is there the wish for a person is noted and the assistant goes on, in words that say when somebody
comes; only what must not wait for the assistant's answer is a person's at any hour.
"""

import re
from typing import Final

from attrs import evolve

from daemon.desk import wording
from daemon.desk.amounts import flat
from daemon.desk.brief import Brief, Fault, HandOver, Reply

_AT_ONCE: Final = re.compile(
    r"\b(?:consultor\w*|vendedor\w*|atendente\w*|alguem|pessoa|equipe|gerente|ele|ela)\b[^.!?\n]{0,40}"
    r"\bja (?:ja )?(?:vai|vao|vem|te|continua|responde|atende|chama)\b"
    r"|\bja (?:ja )?(?:vai|vao|vem|te)\b[^.!?\n]{0,25}\b(?:cham|respond|atend|fala|continua|retorna)\w*"
    r"|\b(?:em instantes|daqui a pouco|em (?:poucos |alguns )?minutos|logo logo|so um instante|um momentinho)\b"
)


def opening(brief: Brief) -> str | None:
    """When people are back, in words ("" if unknown); None while they are there."""
    return None if brief.open_now else brief.next_opening


def in_hours(brief: Brief, reply: Reply) -> Reply:
    """The reply as it may be spoken at this hour: while the shop is closed its hand-over is only noted."""
    if brief.open_now or not any(isinstance(effect, HandOver) and not effect.always for effect in reply.effects):
        return reply
    effects = tuple(
        evolve(effect, requested=True) if isinstance(effect, HandOver) and not effect.always else effect
        for effect in reply.effects
    )
    return evolve(reply, effects=effects, text=reply.text or wording.taken_over(brief.next_opening))


def told(brief: Brief, request: HandOver) -> str:
    """What a model is told of its hand-over."""
    if brief.open_now:
        return "a salesperson takes over after your text; tell the customer so"
    when = f"at the next opening ({brief.next_opening})" if brief.next_opening else "when the shop opens"
    if request.always:
        return f"noted for a person, who answers {when}; tell the customer so, not that somebody answers at once"
    return (
        f"nobody is at the shop now; noted, a salesperson writes {when}. Tell the customer exactly that, never that "
        "somebody answers at once, and that you go on helping meanwhile"
    )


def hurried(brief: Brief, text: str) -> tuple[Fault, ...]:
    """The fault of a text that promises a person at once while nobody is there."""
    match = None if brief.open_now else _AT_ONCE.search(flat(text))
    if match is None:
        return ()
    when = brief.next_opening or "when the shop opens"
    said = text[match.start() : match.end()]
    return (Fault("person", said, f"the shop is closed: a salesperson writes at the next opening ({when}); say so"),)
