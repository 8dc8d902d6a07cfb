"""Buying itself: financing, trade-in, price talks, visits. What it promises: nothing. Pure."""

import re
from typing import Final

from attrs import asdict

from daemon.desk import finance
from daemon.desk.amounts import reais
from daemon.desk.brief import HandOver
from daemon.desk.catalogue import house
from daemon.desk.catalogue.details import article, name, price_words, pronoun, upper_first, year_words
from daemon.desk.catalogue.draft import Draft
from daemon.desk.catalogue.intents import intents
from daemon.desk.catalogue.understanding import Understood
from shards.tenant.vehicle import Vehicle
from shards.text import fold

DEFAULT_MONTHS: Final = 48
LONG_MONTHS: Final = 60  # what an instalment is stretched to where none is named
_SHARE: Final = re.compile(
    r"(\d{1,2})\s*%\s*(?:de\s+)?entrada|(?:entrada|der|desse|dando|dar|dou|com)\s+(?:de\s+)?(?:uns\s+)?(\d{1,2})\s*%"
)
_HALF: Final = re.compile(r"\bmetade\b")
_LONGEST_TERM: Final = re.compile(r"\bate (\d{2}) ?(?:x|vezes|meses|parcelas)")
_CODE: Final = re.compile(r"\b[a-z]{1,2}\d{1,3}[a-z]?\b")  # "hb20", "s10"
_WORTH: Final = re.compile(r"\b(?:vale|quanto|paga\w*|valor|avalia\w*)\b")
_NO_DOWN: Final = re.compile(
    r"\bsem (?:dar )?(?:nada de )?entrada\b|zero (?:de )?entrada|\bnao (?:tenho|vou dar|posso dar|consigo dar|quero dar) (?:\w+ ){0,2}entrada\b"
)
_FIGURES_ASKED: Final = re.compile(
    r"\b(?:(?:quant[oa]|qto|qnto|qt) (?:\w+ ){0,3}(?:fica\w*|sai\w*|da\b|daria|seria|pag\w+|parcela\w*|prestac\w+|por mes)"
    r"|simul\w+|(?:valor|preco) d?as? parcela|parcelas? (?:d[eao]|fic\w+)|(?:quanto|qto) (?:financiad[oa]|parcelad[oa]))"
)
_UNNAMED: Final = frozenset({"carro", "moto", "veiculo", "veículo", "usado", "carrinho", "seminovo"})
_CREDIT: Final = "Quem decide é o banco: toda ficha passa por análise de crédito, e não consigo prometer o resultado."


def named(vehicle: Vehicle) -> str:
    """ "o *Honda Civic 2.0* 2019"."""
    return f"{article(vehicle)} *{name(vehicle)}* {year_words(vehicle)}".rstrip()


def percent_words(rate: float) -> str:
    """ "1,69%"."""
    return f"{rate:.2f}".replace(".", ",") + "%"


def financing(draft: Draft, understood: Understood, subject: tuple[Vehicle, ...]) -> None:
    """Instalments as an estimate where the tenant has a rate; never a promise of credit."""
    assistant = draft.brief.profile.assistant
    memory = draft.memory
    down, months = understood.money.down, understood.money.months
    doubtful = re.sub(r"\b(?:sem|zero) (?:dar )?(?:de )?entrada\b", " ", understood.folded)
    doubt = understood.has("doubt") and "doubt" in intents(doubtful)
    if doubt:
        draft.say(_CREDIT)
    if down is None and _NO_DOWN.search(understood.folded):
        down = 0
    asked_figures = bool(down is not None or months or _FIGURES_ASKED.search(understood.folded))
    down = down if down is not None else _kept(memory.get("down"))
    months = months or _kept(memory.get("months"))
    vehicle = subject[0] if len(subject) == 1 else None
    if understood.money.instalment and vehicle is not None:  # "parcela de 800 dá?": the smallest one there is
        asked_figures, months = True, months or longest_term(draft)
    share = _share(understood.folded, vehicle) if vehicle is not None and understood.money.down is None else None
    down = share if share is not None else down
    asked_figures = asked_figures or share is not None
    if down is not None:
        memory["down"] = down
    if months:
        memory["months"] = months
    rate = assistant.finance_rate_percent_month
    if rate is not None and understood.has("rate"):
        draft.say(
            f"Nossa taxa de referência é de {percent_words(rate)} ao mês. A sua quem define é o banco, na análise de crédito."
        )
    told = house.told(draft.brief, r"financi|parcel|entrada|banco")
    longest = longest_term(draft)
    simulates = (
        assistant.finance_rate_percent_month is not None and vehicle is not None and (asked_figures or down is not None)
    )
    parted = bool(_HALF.search(understood.folded) or _SHARE.search(understood.folded))
    each = (
        rate is not None and 1 < len(subject) <= 3 and (parted or (asked_figures and bool(months or down is not None)))
    )
    simulates = simulates or each
    if understood.has("doubt") and not doubt and vehicle is None:
        draft.say("Dá pra tentar sem entrada, sim: quem decide se financia os 100% é o banco, na análise de crédito.")
    elif not simulates and (
        (told and not doubt) or not (doubt or simulates or (rate is not None and understood.has("rate")))
    ):
        draft.say(told or _offer(draft))
    if understood.has("entry") and down is None:
        asked_figures = False
        draft.say("A entrada quem define é o banco na análise; quanto maior ela for, menor fica a parcela.")
    if understood.money.instalment:
        draft.lead(interest=f"parcela de até {reais(understood.money.instalment)}")
    if assistant.finance_rate_percent_month is None:
        if vehicle is not None and asked_figures:
            draft.say(f"A simulação {('d' + named(vehicle))} um consultor faz com você, com as condições do banco.")
        draft.ask("Quer que eu chame um consultor pra fazer a simulação?", "person")
        return
    if vehicle is None:
        if subject:
            if each:
                if months and months > longest:
                    draft.say(f"Por aqui o financiamento vai até {longest} vezes, então fiz a conta assim:")
                term = min(months or DEFAULT_MONTHS, longest)
                _simulate_each(draft, subject, down or 0, term, understood.folded)
                draft.ask("Qual deles ficou melhor pra você?", "which", instead=True)
            draft.ask("Para qual deles você quer que eu simule a parcela?", "which", instead=asked_figures and not each)
            if asked_figures and not each:
                draft.memory["pending"] = "finance"
        else:
            draft.ask("Qual carro você quer simular, e com quanto de entrada?", "which")
        return
    if not asked_figures and down is None:
        draft.ask(f"Quer que eu simule {named(vehicle)}? Me diz quanto daria de entrada.", "down")
        return
    if months and months > longest:
        draft.say(f"Por aqui o financiamento vai até {longest} vezes, então fiz a conta assim:")
    _simulate(draft, vehicle, down or 0, min(months or DEFAULT_MONTHS, longest), assistant.finance_rate_percent_month)


def longest_term(draft: Draft) -> int:
    """The most instalments the tenant's own words allow, else as many as we reckon with."""
    said = _LONGEST_TERM.search(fold(house.told(draft.brief, r"financi")))
    return min(int(said[1]), finance.MONTHS[1]) if said else finance.MONTHS[1]


def _simulate_each(draft: Draft, vehicles: tuple[Vehicle, ...], down: int, months: int, folded: str) -> None:
    """One line a vehicle, where several are in question."""
    rate = draft.brief.profile.assistant.finance_rate_percent_month
    lines: list[str] = []
    stored = draft.memory.get("estimates")
    kept = list(stored[-2:]) if isinstance(stored, list) else []
    for vehicle in vehicles[:3]:
        share = _share(folded, vehicle)
        down = share if share is not None else down
        if rate is None or vehicle.asking_centavos is None or down >= vehicle.asking_centavos:
            continue
        estimate = finance.estimate(vehicle, rate, down, max(months, finance.MONTHS[0]))
        kept.append(asdict(estimate))
        lines.append(
            f"• {upper_first(named(vehicle))} ({price_words(vehicle)}): "
            f"{f'entrada de {reais(down)} + ' if down else ''}*{estimate.months}x de {reais(estimate.instalment_centavos)}*"
        )
    if lines:
        draft.memory["estimates"] = kept
        draft.say(
            f"Simulação{'' if down else ' sem entrada'}:\n"
            + "\n".join(lines)
            + "\n_É uma estimativa, sujeita a análise de crédito._"
        )


def _offer(draft: Draft) -> str:
    if draft.brief.profile.assistant.finance_rate_percent_month is not None:
        return "Trabalhamos com financiamento, sempre sujeito a análise de crédito."
    return "Sobre financiamento, um consultor monta a simulação com você; tudo sujeito a análise de crédito do banco."


def _kept(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _share(folded: str, vehicle: Vehicle) -> int | None:
    if vehicle.asking_centavos is None:
        return None
    if _HALF.search(folded):
        return vehicle.asking_centavos // 2
    match = _SHARE.search(folded)
    if match is None:
        return None
    return vehicle.asking_centavos * int(match[1] or match[2]) // 100


def _simulate(draft: Draft, vehicle: Vehicle, down: int, months: int, rate: float) -> None:
    price = vehicle.asking_centavos
    if price is None:
        draft.say(f"O preço d{named(vehicle)} é sob consulta, então a simulação um consultor faz com você.")
        draft.ask("Posso chamar um consultor?", "person")
        return
    if down >= price:
        draft.say(
            f"{upper_first(named(vehicle))} está por {price_words(vehicle)}: com esse valor "
            f"você nem precisa financiar 😉"
        )
        draft.ask(f"Quer vir ver {pronoun(vehicle)} de perto?", "visit")
        return
    shortest, longest = finance.MONTHS
    if not shortest <= months <= longest:
        draft.say(f"Consigo simular de {shortest} a {longest} vezes.")
        months = min(max(months, shortest), longest)
    estimate = finance.estimate(vehicle, rate, down, months)
    kept = draft.memory.get("estimates")
    draft.memory["estimates"] = [*(kept[-4:] if isinstance(kept, list) else []), asdict(estimate)]
    entry = f"entrada de {reais(down)} + " if down else "sem entrada, "
    draft.say(
        f"Simulação d{named(vehicle)} ({reais(price)}): {entry}*{months}x de "
        f"{reais(estimate.instalment_centavos)}*.\n"
        f"_É uma estimativa, com taxa de {percent_words(rate)} ao mês, sujeita a análise de crédito; o "
        f"valor final é o do banco._"
    )
    draft.lead(vehicle_id=vehicle.id, interest=f"financiar {name(vehicle)} em {months}x")
    if not down:
        draft.ask("Daria alguma entrada? Com ela eu refaço a conta.", "down")
    else:
        draft.ask(f"Quer vir ver {pronoun(vehicle)} de perto e montar a ficha com um consultor?", "visit")


def _capitals(match: re.Match[str]) -> str:
    return match.group().upper()


def trade_in(draft: Draft, understood: Understood, subject: tuple[Vehicle, ...]) -> None:
    """A trade-in: warmly, never with a figure for it."""
    told = house.told(draft.brief, r"troca|usado|avalia")
    own = understood.own_called
    called = own if own in _UNNAMED else own.upper() if len(own) < 4 else upper_first(_CODE.sub(_capitals, own))
    yours = "sua" if understood.own_feminine else "seu"
    kept = draft.memory.get("own")
    if called:
        draft.memory["own"] = understood.own[:120]
        draft.lead(trade_in=understood.own, vehicle_id=subject[0].id if len(subject) == 1 else None)
    if kept and not called and re.search(r"\b(?:diferenca|volta)\b", understood.folded):
        draft.say("A diferença a gente fecha depois de avaliar o seu carro, presencialmente e sem compromisso.")
        draft.ask("Que dia fica bom pra você trazer ele?", "visit")
        return
    if (
        called
        and draft.brief.memory.get("asked") == "trade"
        and not re.search(r"\bkm\b|rodad|\d ?mil\b", understood.folded)
    ):
        draft.say(f"Anotado: {called}!")
        draft.ask(f"Quantos km {'ela' if understood.own_feminine else 'ele'} tem e como está de conservação?", "trade")
        return
    if (draft.brief.memory.get("asked") == "trade" or understood.has("own_state")) and (called or kept):
        if not called:
            draft.lead(trade_in=f"{kept}; {understood.text}"[:200])
        draft.say(
            f"Anotado{f': {called}' if called else ''}! A avaliação é feita aqui na loja, "
            f"sem compromisso, com um vendedor."
        )
        draft.memory["appraising"] = True
        draft.ask("Que dia fica bom pra você trazer ele pra avaliar?", "visit")
        return
    if called:
        draft.say(
            draft.pick(
                f"Pode sim! {upper_first(yours)} {called} a gente avalia na troca. A avaliação é presencial, "
                f"rapidinha e sem compromisso.",
                f"Boa! A gente avalia {yours} {called} na troca, sim: um vendedor vê o carro "
                f"aqui na loja, sem compromisso.",
            )
        )
    else:
        draft.say(
            told
            or "Sim, avaliamos seu usado na troca! A avaliação é feita aqui na loja, com um vendedor, sem compromisso."
        )
    if called and _WORTH.search(understood.folded):
        draft.say("Quanto ele vale só dá pra dizer depois dessa avaliação.")
    if understood.has("indebted"):
        draft.say("Sobre o financiamento que ainda está no seu carro, um vendedor vê com você como fica a quitação.")
    if not called or called in _UNNAMED:
        draft.ask("Qual é o seu carro (modelo, ano e km)?", "trade")
    elif re.search(r"\bkm\b|rodad|quilomet", understood.folded):
        draft.ask("E como ele está de conservação?", "trade")
    else:
        draft.ask(f"Quantos km {'ela' if understood.own_feminine else 'ele'} tem e como está de conservação?", "trade")


def selling(draft: Draft, understood: Understood) -> None:
    """Somebody wants to sell us a car."""
    told = house.told(draft.brief, r"compramos|consigna")
    own = understood.own_called
    if not own and draft.memory.get("own"):
        draft.say("O valor só sai depois que nosso time vê o carro: a avaliação é presencial e sem compromisso.")
        draft.ask("Que dia fica bom pra você trazer ele pra avaliar?", "visit")
        return
    yours = "Sua" if understood.own_feminine else "Seu"
    if own:
        draft.memory["own"] = understood.own[:120]
        draft.lead(trade_in=understood.own, interest="quer vender o carro")
        draft.say(
            f"Que bom que procurou a gente! {yours} {own if own in _UNNAMED else upper_first(own)} "
            f"passa por uma avaliação com nosso time; o valor sai só depois de ver o carro."
        )
        draft.ask(f"Quantos km {'ela' if understood.own_feminine else 'ele'} tem e como está de conservação?", "trade")
        return
    draft.say(
        told
        or "Para comprar ou pegar em troca, nosso time faz uma avaliação do seu carro; o valor "
        "sai só depois de ver ele."
    )
    draft.ask("Qual é o carro (modelo, ano e km)?", "trade")


def price_talk(draft: Draft, subject: tuple[Vehicle, ...], *, told: bool = False) -> None:
    """A discount is a salesperson's: state the price asked, promise nothing, hand over."""
    if not subject:
        draft.say("Condição e desconto quem vê é o vendedor.")
        draft.ask("De qual carro você quer negociar?", "which")
        return
    for vehicle in () if told else subject[:3]:
        word = "anunciada" if article(vehicle) == "a" else "anunciado"
        draft.say(f"{upper_first(named(vehicle))} está {word} por {price_words(vehicle)}.")
    reason = f"quer negociar {name(subject[0])}" if len(subject) == 1 else "quer negociar o preço"
    offer = "\n".join(line.text for line in draft.brief.burst)[:120]
    house.hand_over(draft, f"{reason}: “{offer}”", "Desconto e condição à vista são direto com o vendedor.")
    draft.lead(vehicle_id=subject[0].id if len(subject) == 1 else None, interest=reason)


def reserve(draft: Draft, subject: tuple[Vehicle, ...]) -> None:
    """A reservation is a salesperson's too."""
    about = f" d{named(subject[0])}" if len(subject) == 1 else ""
    draft.do(HandOver(f"quer reservar{about}".replace("*", "")))
    draft.say(f"A reserva{about} é combinada direto com o vendedor. {house.people(draft.brief)}")
