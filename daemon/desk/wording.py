"""The few sentences that showroomd itself says to customers, whoever answers the rest."""

from typing import Final

OPTED_OUT: Final = (
    "Tudo bem, não vou mais te enviar mensagens por aqui. Se mudar de ideia, é só mandar *voltar*. "
    "Obrigado pelo contato!"
)
TURN_FAILED: Final = (
    "Tive um probleminha aqui para te responder. Já chamei um consultor, ele continua com você por aqui."
)
APOLOGY: Final = "Só um instante: um consultor já vai te responder por aqui, tá bom? 🙂"
TAKEN_OVER: Final = "Certo! Vou chamar um consultor e ele já continua com você por aqui. 🙂"


def turn_failed(opening: str | None) -> str:
    """The third failure in a row, to a customer. `opening`: when people are back ("amanhã às 8h", "" if unknown),
    None while they are there."""
    if opening is None:
        return TURN_FAILED
    return (
        "Tive um probleminha aqui para te responder. "
        f"Já deixei avisado: {_then(opening)} um consultor te chama por aqui."
    )


def apology(opening: str | None) -> str:
    """Nothing that may be said; `opening` as in `turn_failed`."""
    if opening is None:
        return APOLOGY
    return (
        f"Essa eu prefiro deixar para um consultor, pra não te passar nada errado. Já anotei: {_then(opening)} ele te "
        "chama por aqui. Enquanto isso, sigo te ajudando no que eu puder 🙂"
    )


def taken_over(opening: str | None) -> str:
    """A person was asked for and the model said nothing; `opening` as in `turn_failed`."""
    if opening is None:
        return TAKEN_OVER
    return (
        f"Certo! Já deixei avisado: {_then(opening)} um consultor te chama por aqui. Enquanto isso, sigo te ajudando 🙂"
    )


def _then(opening: str) -> str:
    return opening or "assim que a loja abrir"
