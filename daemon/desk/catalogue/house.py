"""Answers about the dealership itself, from its profile alone: place, hours, terms, people. Pure."""

import re
from typing import Final

from daemon.desk.brief import Brief, HandOver
from daemon.desk.catalogue.draft import Draft
from daemon.desk.catalogue.understanding import Understood
from daemon.desk.catalogue.when import closing_words, day_words, spans, spans_words, week_words
from shards.text import fold

# intent → (words that tell a sentence of the profile's facts is about it, what it is called)
TERMS: Final = {
    "warranty": (r"garantia", "A garantia"),
    "payment": (r"cartao|pix|pagamento|cheque|boleto|a vista|financi", "Sobre formas de pagamento,"),
    "consortium": (r"consorcio|carta de credito", "Sobre consórcio,"),
    "fleet": (r"frota|cnpj|empresa|juridica", "A venda para empresa (CNPJ) ou frota"),
    "invoice": (r"nota fiscal", "Sobre a nota fiscal,"),
    "documents": (r"document|cnh|comprovante", ""),
    "delivery": (r"entreg|frete|transport", "A entrega em outra cidade"),
    "transfer": (r"transfer|despachante", "A transferência"),
    "consign": (r"consigna", "A consignação"),
    "facility": (r"estacionamento|wi-?fi|cafe|acessib|banheiro|cadeirante|carregador|recarga|agua|espaco", "Isso da estrutura da loja"),
    "inspect": (r"mecanico|vistoria|pericia", "A visita com mecânico ou vistoria"),
    "promo": (r"promo|oferta|feirao", "As promoções do momento"),
    "online": (r"site|instagram|facebook|www|youtube", "Nosso site e redes sociais"),
    "videocall": (r"video|chamada", "A chamada de vídeo"),
    "pcd": (r"pcd|isencao|adaptad", "A venda para PCD"),
    "service": (r"oficina|revis|peca|seguro|aluguel|locacao", "Esse serviço"),
}  # fmt: skip

_OPEN_NOW: Final = re.compile(
    r"\b(?:(?:ta|tao|esta|estao|tem|ainda) (?:\w+ )?(?:abert[oa]s?|aberta|atendendo|funcionando)|abert[oa]s? (?:agora|ainda|hoje)\W*\Z"
    r"|(?:abert[oa]s?|atendendo|funcionando) agora)"
)


def told(brief: Brief, pattern: str) -> str:
    """The sentences of the tenant's facts that a pattern is found in."""
    parts = re.split(r"(?<=[.!])\s+|\n+", brief.profile.assistant.facts.strip())
    return " ".join(part.strip() for part in parts if part.strip() and re.search(pattern, fold(part)))[:400]


def people(brief: Brief) -> str:
    """When a person will answer, as a sentence."""
    phone = brief.profile.assistant.handover_phone
    also = f" Se preferir, o telefone é {phone}." if phone else ""
    if brief.open_now:
        return f"Um vendedor já vai te chamar por aqui.{also}"
    opening = f", mas volta {brief.next_opening}" if brief.next_opening else ""
    return f"Nossa equipe não está na loja agora{opening}. Já deixei avisado, e um vendedor te chama por aqui.{also}"


def hand_over(draft: Draft, reason: str, lead_in: str) -> None:
    """Call a salesperson and say so."""
    draft.do(HandOver(reason))
    draft.say(f"{lead_in} {people(draft.brief)}".strip())


def place(draft: Draft) -> None:
    """The address, or that a person tells it."""
    profile = draft.brief.profile
    if profile.address:
        if any(profile.address in part for part in draft.parts):
            return
        draft.say(draft.pick(f"📍 Estamos na {profile.address}.", f"A loja fica aqui: {profile.address} 📍"))
        return
    draft.say("O endereço certinho não está comigo aqui; um vendedor da equipe te passa.")
    draft.ask("Quer que eu peça para um vendedor te mandar a localização?", "person")


def phone(draft: Draft) -> None:
    """The telephone, or that this chat is the way."""
    profile = draft.brief.profile
    number = profile.phone or profile.assistant.handover_phone
    if number:
        draft.say(f"📞 Nosso telefone é {spoken_phone(number)}. E por aqui também te atendo.")
        return
    draft.say("O melhor contato é por aqui mesmo, pelo WhatsApp.")
    draft.ask("Quer que eu chame um vendedor pra falar com você?", "person")


def spoken_phone(number: str) -> str:
    """ "+555133330000" → "(51) 3333-0000"; anything else as it is."""
    digits = re.sub(r"\D", "", number)
    if digits.startswith("55") and len(digits) in {12, 13}:
        local = digits[4:]
        return f"({digits[2:4]}) {local[:-4]}-{local[-4:]}"
    return number


def hours(draft: Draft, understood: Understood) -> None:
    """The opening hours, of the day asked for or of the week."""
    brief = draft.brief
    assistant = brief.profile.assistant
    if not assistant.hours:
        draft.say("Os horários da loja um vendedor da equipe te confirma certinho.")
        draft.ask("Quer que eu chame alguém pra te passar?", "person")
        return
    today = brief.now.date()
    if understood.when.day is None and _OPEN_NOW.search(understood.folded):
        found = spans(assistant, today, brief.now)
        if brief.open_now:
            until = f", até as {closing_words(found)}" if found else ""
            draft.say(f"Sim, estamos abertos agora{until} 😊")
        else:
            draft.say(f"Agora não{f': abrimos {brief.next_opening}' if brief.next_opening else ''}.")
            draft.say("🕐 Nosso horário:\n" + "\n".join(week_words(assistant)))
        return
    day = understood.when.day or (
        today
        if re.search(
            r"\b(?:hoje|hj|agora|ainda|(?:to|estou|tou) (?:aqui|ai|na)|cheguei|na frente)\b", understood.folded
        )
        else None
    )
    if re.search(r"\b(?:aos sabados?|fim de semana|final de semana|fds|feriado\w*)\b", understood.folded):
        day = None
    if day is None:
        draft.say("🕐 Nosso horário:\n" + "\n".join(week_words(assistant)))
    else:
        found = spans(assistant, day, brief.now)
        called = day_words(day, today).split(" (")[0]
        if found:
            draft.say(f"🕐 {called.capitalize()} abrimos {spans_words(found)}.")
        else:
            draft.say(f"{called.capitalize()} a loja fica fechada.\n" + "\n".join(week_words(assistant)))
    if re.search(r"\bferiado", understood.folded):
        draft.say("Em feriado é bom confirmar antes com a equipe.")
    elif not brief.open_now and day == today and brief.next_opening:
        draft.say(f"Agora estamos fechados; abrimos {brief.next_opening}.")


def terms(draft: Draft, understood: Understood) -> None:
    """Warranty, payment, documents, delivery and the like: the profile's own words, else a person confirms."""
    for intent, (pattern, called) in TERMS.items():
        if not understood.has(intent):
            continue
        asked = re.search(pattern, understood.folded) if intent == "facility" else None
        said = told(draft.brief, asked.group() if asked else pattern)
        if intent == "fleet":
            draft.lead(interest="para empresa ou frota: " + understood.text[:120])
        verb = {"online": "passa", "videocall": "combina", "inspect": "combina"}.get(intent, "confirma")
        if said:
            draft.say(said)
            continue
        if intent == "documents":
            draft.say(
                "Para financiar, os bancos costumam pedir documento com foto (RG ou CNH), "
                "CPF e comprovantes de residência"
                " e de renda. A lista certa de documentos o vendedor te confirma."
            )
        elif intent == "payment" and understood.has("finance") and not understood.has("doubt"):
            draft.say(f"{called} um vendedor confirma com você.")
        else:
            draft.say(f"{called} um vendedor da equipe te {verb} certinho, pra eu não te passar nada errado.")
        draft.ask("Quer que eu chame um vendedor pra te explicar?", "person")
