"""Greetings, thanks, goodbyes, and the way back to cars. Pure."""

import re
from typing import Final

from daemon.desk.brief import HandOver
from daemon.desk.catalogue import house
from daemon.desk.catalogue.common_words import EVERYDAY_WORDS, FILLERS
from daemon.desk.catalogue.details import article, name
from daemon.desk.catalogue.draft import Draft
from daemon.desk.catalogue.understanding import Understood
from shards.tenant.vehicle import Vehicle
from shards.text import fold

_STARTS: Final = ("oi", "ola", "bom dia", "boa tarde", "boa noite", "opa", "hey", "bem-vind", "seja bem")
_OF_THE_DAY: Final = ("Bom dia!", "Boa tarde!", "Boa noite!")
_SENTENCES: Final = re.compile(r"(?<=[.!?])\s+|(?<=[^\w\s.,!?;:'\"()*_-])\s+")  # an emoji ends one too
_OPENING: Final = re.compile(r"^(?:ol[aá]|oi)[,!.]?\s+", re.IGNORECASE)
_HINT: Final = "Pode ser assim: *quero um SUV automático*."
_QUESTION: Final = re.compile(
    r"\?|^\W*(?:qual|quais|como|quando|quem|onde|por ?que|pq|sera|tem como|voces|vcs|posso|podem?|da pra|e possivel|precisa|preciso)\b"
)
_WORDS: Final = re.compile(r"[a-z]{2,}")
_COMMON: Final = frozenset(
    f"{EVERYDAY_WORDS} {FILLERS} e eh que se os as em num na no ai la so ja ou mas vc eu de da do voces".split()
)
_NAME: Final = re.compile(
    r"(?i)\b(?:meu nome (?:é|e|eh)|me chamo|aqui (?:é|e|eh)|quem fala é|sou)\s+(?:o |a )?([a-zà-ú]{2,20})\W*\Z"
)
_MISSES: Final = 2
_LANGUAGES: Final = {
    "en": "_I answer in Portuguese here, but I understand simple English._",
    "es": "_Respondo en portugués, pero te entiendo._",
}


def salutation(draft: Draft, understood: Understood) -> str:
    """ "Bom dia!" as the customer said it, or as the hour is."""
    for said, words in (("bom dia", "Bom dia!"), ("boa tarde", "Boa tarde!"), ("boa noite", "Boa noite!")):
        if said in understood.folded:
            return words
    return draft.pick("Olá!", "Oi!", "Opa!")


def greet(draft: Draft, understood: Understood) -> None:
    """Begin the first turn with the tenant's greeting, later ones with a word where the customer greets."""
    brief = draft.brief
    if brief.first_turn:
        own = brief.profile.assistant.greeting.strip()
        opening = salutation(draft, understood)
        if own:
            text = _tenants_greeting(own, opening, brief.profile.name)
        else:
            text = f"{opening} Aqui é o assistente virtual da *{brief.profile.name}* 😊"
        draft.say(text)
    elif understood.has("greeting"):
        draft.say(salutation(draft, understood))
    if understood.language:
        draft.say(_LANGUAGES[understood.language])
    draft.greeting_parts = len(draft.parts)


def _tenants_greeting(own: str, opening: str, shop: str) -> str:
    """The tenant's greeting under our salutation; its question would be one too many."""
    text = own if fold(own).startswith(_STARTS) and opening not in _OF_THE_DAY else f"{opening} {_OPENING.sub('', own)}"
    text = " ".join(part for part in _SENTENCES.split(text) if "?" not in part) or opening
    return text if fold(shop) in fold(text) else f"{text} Aqui é da *{shop}*."


def steer_back(draft: Draft, understood: Understood) -> bool:
    """Politely decline what is no matter of ours; whether that was all."""
    if understood.has("private"):
        draft.say("Dados de outras pessoas eu não posso passar 🙏 Mas com os carros da loja eu te ajudo.")
        draft.ask("Que carro você procura?", "model")
        return True
    if understood.has("injection"):
        draft.say("Nisso eu não consigo ajudar, mas com os carros da loja sim 😊")
        draft.ask("Que carro você procura?", "model")
        return True
    if understood.has("offtopic") and understood.wish.empty and not understood.mentions:
        draft.say(
            draft.pick(
                "Essa eu vou ficar te devendo 😄 Meu negócio é carro!",
                "Aí foge do que eu sei 😅 Por aqui eu ajudo com os carros da loja.",
            )
        )
        draft.ask("Está procurando algum carro?", "model")
        return True
    return False


def small_talk(draft: Draft, understood: Understood) -> bool:
    """Answer what is only politeness; whether it was."""
    asked = draft.brief.memory.get("asked")
    if understood.has("trust"):
        profile = draft.brief.profile
        where = f" Estamos na {profile.address}, pode vir conhecer." if profile.address else ""
        draft.say(
            f"Pode ficar tranquilo 😊 Aqui é da *{profile.name}*.{where} Só pague qualquer "
            f"valor depois de ver o carro na loja."
        )
        draft.ask("Quer falar com alguém da equipe?", "person")
    elif understood.has("enough"):
        draft.say("Combinado, sem mais fotos por aqui 😊")
        draft.ask("Posso te ajudar com mais alguma coisa?", "model")
    elif understood.has("help"):
        draft.say("Fica tranquilo, eu te ajudo a escolher 😊")
        draft.ask(
            "Me conta: vai usar mais na cidade, na estrada ou com a família, e até quanto quer investir?", "budget"
        )
    elif understood.has("intro"):
        said = _NAME.search(understood.text)
        draft.say(f"Prazer, {said[1].title()}! 😊" if said else "Prazer! 😊")
        if draft.memory.get("shown"):
            draft.ask("Algum dos que te mostrei te interessou?", "which")
        else:
            draft.ask("Me conta: qual carro ou tipo de carro você procura?", "model")
    elif understood.has("anyone"):
        draft.say("Estou por aqui sim 😊")
        draft.ask("Em que posso te ajudar: procura algum carro?", "model")
    elif understood.has("robot"):
        draft.say(
            f"Sou o assistente virtual da *{draft.brief.profile.name}* 🤖 Te ajudo com "
            f"estoque, preços, fotos e visita, e chamo um vendedor quando você quiser."
        )
        draft.ask("Que carro você procura?", "model")
    elif understood.has("laugh"):
        draft.say("😄")
        draft.ask(
            "E então, qual carro você procura?" if draft.brief.first_turn else "Posso te ajudar com mais alguma coisa?",
            "model",
        )
    elif understood.has("thanks"):
        draft.say(
            draft.pick(
                "Imagina! Qualquer coisa é só me chamar 😊",
                "De nada! Fico por aqui, qualquer coisa é só chamar 😊",
                "Disponha! Precisando, é só chamar 😊",
            )
        )
    elif understood.has("bye"):
        draft.say(draft.pick("Até mais! Qualquer coisa é só me chamar 👋", "Obrigado pelo contato, até logo! 👋"))
    elif understood.has("later"):
        draft.say(
            draft.pick(
                "Fica à vontade! Quando quiser, é só me chamar por aqui 😊",
                "Tranquilo, pensa com calma! Estou por aqui quando precisar 😊",
            )
        )
    elif understood.has("pricey"):
        draft.say("Entendo! Dá pra ver algo mais em conta.")
        draft.ask("Até quanto você pensa em investir?", "budget")
    elif understood.has("that_one", "other_one"):
        draft.ask("Qual deles? Me diz o modelo ou o preço que eu te passo tudo.", "which")
    elif understood.has("no"):
        draft.say(draft.pick("Sem problema!", "Tranquilo!"))
        draft.ask("Posso te ajudar com mais alguma coisa?" if asked else "O que você está procurando?", "model")
    elif understood.has("ack"):
        if draft.brief.first_turn:
            draft.ask("Em que posso te ajudar: procura algum carro?", "model")
        else:
            draft.say(
                draft.pick("Combinado! 😊 Qualquer dúvida, é só me chamar.", "Show! Fico por aqui se precisar 😊")
            )
    elif understood.has("info", "buying", "stock", "greeting"):
        draft.ask(
            draft.pick(
                "Que carro você procura? Se quiser, já me diz até quanto pensa em investir.",
                "Me conta: qual carro ou tipo de carro você procura?",
            ),
            "model",
        )
    else:
        return False
    return True


def close(draft: Draft, understood: Understood) -> None:
    """A word of thanks is returned with an answer too."""
    if understood.has("thanks") and not draft.question:
        draft.say("Qualquer coisa é só me chamar 😊")


def _known_words(folded: str) -> int:
    return sum(word in _COMMON for word in _WORDS.findall(folded))


def not_understood(draft: Draft, understood: Understood | None = None, about: tuple[Vehicle, ...] = ()) -> None:
    """Say so plainly, or that a person knows the answer to what is clearly a question; the second time in a row a person takes over."""
    draft.missed = True
    missed = draft.brief.memory.get("missed")
    if isinstance(missed, int) and missed >= _MISSES - 1:
        draft.do(HandOver("o assistente não entendeu duas mensagens seguidas"))
        draft.say(
            f"Desculpa, não consegui te entender direito 😕 Vou chamar um vendedor pra te "
            f"atender melhor. {house.people(draft.brief)}"
        )
        return
    if (
        not about
        and understood is not None
        and _QUESTION.search(understood.folded)
        and _known_words(understood.folded) >= 2
    ):
        draft.say("Essa eu não sei te responder com certeza; um vendedor da equipe te confirma.")
        draft.ask("Quer que eu chame um vendedor, ou te mostro algum carro?", "person")
        return
    if len(about) == 1 and understood is not None and _QUESTION.search(understood.folded):
        draft.about = about[0]
        draft.say("Essa informação eu não tenho aqui; um vendedor confirma certinho pra você.")
        draft.ask(f"Quer que eu peça pra ele te falar sobre {article(about[0])} *{name(about[0])}*?", "person")
        return
    draft.say(draft.pick("Desculpa, não entendi bem 😅", "Não peguei direito o que você precisa 😅"))
    if len(about) == 1:
        draft.about = about[0]
        called = f"{article(about[0])} *{name(about[0])}*"
        draft.ask(f"Sobre {called}: quer as fotos, uma simulação de parcela ou marcar uma visita?", "next")
        return
    if about:
        draft.ask("É sobre algum desses que te mostrei? Me diz qual que eu te passo tudo.", "which")
        return
    draft.say(_HINT)
    draft.ask("Me conta qual carro você procura, ou até que valor?", "model")
