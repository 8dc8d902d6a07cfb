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


_WRITE: Final = "Pode me escrever o que você procura?"
_UNHEARD: Final = {
    "long": "Recebi seu áudio, mas ele passou de 10 minutos e um tão longo eu não consigo ouvir por aqui 😅",
    "large": "Recebi seu áudio, mas o arquivo é grande demais e não consigo ouvir por aqui 😅",
    "broken": "Recebi seu áudio, mas o arquivo não abriu por aqui 😕",
    "gone": "Recebi seu áudio, mas ele não chegou inteiro por aqui 😕",
    "silent": "Abri seu áudio, mas não deu para ouvir nada nele 😕",
}


def unheard(reason: str) -> tuple[str, str]:
    """A voice note that has no transcript for that reason (`shards.tenant.transcripts.Reason`): the regret and the
    request to write."""
    regret = _UNHEARD.get(reason, "Recebi seu áudio, mas não estou conseguindo ouvir por aqui agora 😕")
    return regret, "Me manda um mais curtinho, ou me escreve o que você procura?" if reason == "long" else _WRITE


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
