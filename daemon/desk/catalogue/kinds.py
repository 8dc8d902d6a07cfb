"""What is answered to messages without text, where nobody can see or hear them. Pure.

| kind | answer |
| --- | --- |
| voice, audio | that it was not understood, and why; please write |
| image, video | thanks; a salesperson sees it; is it a trade-in, and then model, year, km; noted in the lead |
| document | thanks; it stays in the conversation for the team, who check it; what is it about |
| location | thanks, the dealership's address, a visit |
| contacts | thanks, noted for the team, and back to the cars |
| order | thanks; photos or a visit |
| sticker | a smile and an open question; none where a person would not answer (`daemon/desk/unanswered.py`) |
| reaction | none: it is kept beside its message |
| any other | that it did not open; please write |

Models are told what was sent in `daemon/desk/prompts.py`, and see the pictures.
"""

from typing import Final

from daemon.desk import wording
from daemon.desk.catalogue.draft import Draft

SENT_PICTURE: Final = "mandou foto (está na conversa)"
SENT_VIDEO: Final = "mandou vídeo (está na conversa)"


def answer_kind(draft: Draft, kind: str) -> None:
    """React to a message of a kind that says nothing in words."""
    profile = draft.brief.profile
    match kind:
        case "voice" | "audio":
            regret, request = wording.unheard(draft.brief.burst[-1].unheard)
            draft.say(regret)
            draft.ask(request, "write")
            draft.missed = True
        case "image" | "video":
            _pictured(draft, film=kind == "video")
        case "sticker" | "reaction":
            draft.say("😄")
            draft.ask("Em que posso te ajudar: procura algum carro específico?", "model")
        case "location":
            where = f" A loja fica na {profile.address}." if profile.address else ""
            draft.say(f"Recebi sua localização, obrigado!{where}")
            draft.ask("Quer agendar uma visita?", "visit")
        case "contacts":
            draft.say("Recebi o contato, obrigado! Vou deixar anotado para a equipe.")
            draft.ask("E você, procura algum carro?", "model")
        case "document":
            draft.say(
                "Recebi seu documento, obrigado! Ele fica guardado na conversa e quem confere é um vendedor da equipe."
            )
            draft.ask("É sobre algum carro em especial?", "model")
        case "order":
            draft.say("Recebi seu pedido, obrigado!")
            draft.ask("Quer ver mais fotos ou combinar uma visita?", "visit")
        case _:
            draft.say("Essa mensagem não abriu por aqui 😕")
            draft.ask("Pode me escrever em texto o que você procura?", "write")


def _pictured(draft: Draft, *, film: bool) -> None:
    """A picture that only a salesperson sees: most show the customer's own car, some an advertisement."""
    own = draft.brief.memory.get("own")
    what, seen = ("o vídeo", "assiste") if film else ("a foto", "dá uma olhada")
    draft.lead(
        trade_in=f"{own}; {SENT_VIDEO if film else SENT_PICTURE}" if own else SENT_VIDEO if film else SENT_PICTURE
    )
    draft.say(
        draft.pick(
            f"Recebi {what}! Já deixei aqui para um vendedor ver.", f"Recebi {what}, obrigado! Um vendedor {seen}."
        )
    )
    if own:
        draft.ask("Quer marcar um horário para trazer o carro e fazer a avaliação?", "visit")
    elif draft.brief.memory.get("asked") == "trade":
        draft.ask("Me diz também o modelo, o ano e a quilometragem, por favor?", "trade")
    else:
        draft.ask(
            "É do seu carro, para entrar na troca? Me passa o modelo, o ano e a quilometragem. "
            "Se for de um anúncio, me diz qual é o carro.",
            "trade",
        )
