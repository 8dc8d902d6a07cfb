"""The few sentences that showroomd itself says to customers, whoever answers the rest."""

from typing import Final

OPTED_OUT: Final = (
    "Tudo bem, não vou mais te enviar mensagens por aqui. Se mudar de ideia, é só mandar *voltar*. "
    "Obrigado pelo contato!"
)
TURN_FAILED: Final = (
    "Tive um probleminha aqui para te responder. Já chamei um consultor, ele continua com você por aqui."
)
