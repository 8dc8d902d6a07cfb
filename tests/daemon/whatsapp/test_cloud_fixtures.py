"""Every example body gives exactly the events it must: the table is the specification."""

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon.whatsapp.cloud import events_of, signature_ok, split
from daemon.whatsapp.events import (
    AccountEvent,
    Event,
    HumanAnswered,
    IdentityChanged,
    MarketingChoice,
    MessageReceived,
    ReactionReceived,
    Sender,
    StatusReceived,
)

FIXTURES = Path(__file__).parents[2] / "data" / "cloud"
P1, P2 = "200000000000001", "200000000000002"
WABA1, WABA2 = "100000000000001", "100000000000002"
ONE = Sender(phone="5511955500101", user_id="BR.10000000000000000101", name="Cliente Um")
TWO = Sender(phone="5511955500102", user_id="BR.20000000000000000102", name="Cliente Dois")
SHA = "ePh89yEkfEWtkf3/0esIh5Dnt17kSIaEcSbrpbE5zD0="


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(1795000000 + seconds, UTC)


def wamid(name: str) -> str:
    return "wamid." + base64.b64encode(f"FIXTURE-{name}".encode()).decode()


def received(name: str, kind: str, text: str = "", **members: object) -> MessageReceived:
    given = {"sender": ONE, "content": {}, **members}
    return MessageReceived(network_id=wamid(name), at=at(0), kind=kind, text=text, **given)  # type: ignore[arg-type]


def media(number: str, mime_type: str, *, url: bool = True, **members: object) -> dict[str, object]:
    source = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid="
    file: dict[str, object] = {"mime_type": mime_type, "sha256": SHA, "id": f"300000000000{number}", **members}
    if url:
        file["url"] = f"{source}300000000000{number}&source=webhook&ext=1795000300&hash=NEUTRAL"
    return {"media": file}


def button(kind: str, id_: str, title: str, **members: str) -> dict[str, object]:
    return {"button": {"type": kind, "id": id_, "title": title, **members}}


PLACE = {
    "latitude": -23.5505,
    "longitude": -46.6333,
    "name": "Ponto de exemplo",
    "address": "Rua Exemplo, 100 - São Paulo",
    "url": "https://maps.example.com/x",
}
FLOW = {
    "button": {
        "type": "nfm_reply",
        "title": "flow",
        "response": {"flow_token": "tok-1", "nome": "Cliente Um", "interesse": "hatch"},
    }
}
ORDER = {
    "order": {
        "catalog_id": "400000000000001",
        "items": [
            {"product_retailer_id": "SKU-EXEMPLO", "quantity": 1, "item_price": 1.5, "currency": "BRL"},
        ],
    }
}
AD = {
    "source_url": "https://fb.me/exemplo",
    "source_id": "500000000000001",
    "source_type": "ad",
    "headline": "Oferta de exemplo",
    "body": "Texto do anúncio",
    "media_type": "image",
    "image_url": "https://scontent.xx.fbcdn.net/exemplo.jpg",
    "ctwa_clid": "CLID-NEUTRO-0001",
    "welcome_message": {"text": "Oi! Como podemos ajudar?"},
}
POLL = {
    "type": "poll_creation",
    "errors": [{"code": 131051, "error": "131051 Message type is currently not supported."}],
}
CLOSED = (
    "131047 Message failed to send because more than 24 hours have passed since the customer last replied to this"
    " number."
)
OUT7, OUT8, OUT9 = wamid("OUT-7"), wamid("OUT-8"), wamid("OUT-9")
PAID = {"pricing_category": "service", "pricing_type": "regular"}

EXPECTED: dict[str, list[tuple[str, str, list[Event]]]] = {
    "01_text": [(P1, WABA1, [received("S01", "text", "Boa tarde! Esse carro ainda está disponível?")])],
    "02_text_reply_to_our_message": [(P1, WABA1, [received("S02", "text", "Quero esse aí", reply_to=wamid("OUT-1"))])],
    "03_text_forwarded": [
        (P1, WABA1, [received("S03", "text", "Olha essa promoção que me mandaram", content={"forwarded": True})])
    ],
    "04_image_with_caption_and_url": [
        (P1, WABA1, [received("S04", "image", "É igual a este?", content=media("004", "image/jpeg"))])
    ],
    "05_voice_note": [
        (P1, WABA1, [received("S05", "voice", content=media("005", "audio/ogg; codecs=opus", voice=True))])
    ],
    "06_audio_file_no_url": [
        (P1, WABA1, [received("S06", "audio", content=media("006", "audio/mpeg", url=False, voice=False))])
    ],
    "07_video": [(P1, WABA1, [received("S07", "video", content=media("007", "video/mp4"))])],
    "08_document_pdf": [
        (
            P1,
            WABA1,
            [
                received(
                    "S08",
                    "document",
                    "Segue o comprovante",
                    content=media("008", "application/pdf", filename="comprovante.pdf"),
                )
            ],
        )
    ],
    "09_sticker_animated": [
        (P1, WABA1, [received("S09", "sticker", content=media("009", "image/webp", animated=True))])
    ],
    "10_location_named": [
        (
            P1,
            WABA1,
            [
                received(
                    "S10", "location", "Ponto de exemplo, Rua Exemplo, 100 - São Paulo", content={"location": PLACE}
                )
            ],
        )
    ],
    "11_contacts_card": [
        (
            P1,
            WABA1,
            [
                received(
                    "S11",
                    "contacts",
                    "Contato Exemplo, +55 11 95550-0199",
                    content={"contacts": [{"name": "Contato Exemplo", "phones": ["+55 11 95550-0199"], "origin": ""}]},
                )
            ],
        )
    ],
    "12_interactive_button_reply": [
        (
            P1,
            WABA1,
            [
                received(
                    "S12",
                    "button",
                    "Quero agendar",
                    reply_to=wamid("OUT-2"),
                    content=button("button_reply", "visita_sim", "Quero agendar"),
                )
            ],
        )
    ],
    "13_interactive_list_reply": [
        (
            P1,
            WABA1,
            [
                received(
                    "S13",
                    "button",
                    "Sábado 10h",
                    reply_to=wamid("OUT-3"),
                    content=button("list_reply", "horario_10h", "Sábado 10h", description="Unidade Centro"),
                )
            ],
        )
    ],
    "14_interactive_flow_reply": [
        (
            P1,
            WABA1,
            [received("S14", "button", "nome: Cliente Um\ninteresse: hatch", reply_to=wamid("OUT-4"), content=FLOW)],
        )
    ],
    "15_template_quick_reply_button": [
        (
            P1,
            WABA1,
            [
                received(
                    "S15",
                    "button",
                    "Parar promoções",
                    reply_to=wamid("OUT-5"),
                    content=button("template", "PARAR_PROMOCOES", "Parar promoções"),
                )
            ],
        )
    ],
    "16_reaction": [
        (
            P1,
            WABA1,
            [ReactionReceived(network_id=wamid("S16"), sender=ONE, at=at(0), target=wamid("OUT-6"), emoji="👍")],
        )
    ],
    "17_order": [(P1, WABA1, [received("S17", "order", "Tenho interesse", content=ORDER)])],
    "18_system_number_changed": [
        (
            P1,
            WABA1,
            [
                IdentityChanged(
                    old=Sender(phone="5511955500101", user_id="BR.10000000000000000101"),
                    new=Sender(phone="5511955500177", user_id="BR.10000000000000000177"),
                    at=at(0),
                )
            ],
        )
    ],
    "19_unsupported_poll": [(P1, WABA1, [received("S19", "unsupported", content=POLL)])],
    "20_text_from_click_to_whatsapp_ad": [
        (P1, WABA1, [received("S20", "text", "Olá! Quero saber mais.", referral=AD)])
    ],
    "21_statuses_sent_delivered_read": [
        (
            P1,
            WABA1,
            [
                StatusReceived(network_id=OUT7, status="sent", at=at(100), our_id="job-7", **PAID),
                StatusReceived(network_id=OUT7, status="delivered", at=at(101), our_id="job-7", **PAID),
                StatusReceived(network_id=OUT7, status="read", at=at(130), our_id="job-7"),
            ],
        )
    ],
    "22_status_failed_window_closed": [
        (
            P1,
            WABA1,
            [StatusReceived(network_id=OUT8, status="failed", at=at(200), error_code=131047, error=CLOSED)],
        )
    ],
    "23_app_echo_human_answered": [
        (
            P1,
            WABA1,
            [
                HumanAnswered(
                    network_id=wamid("APP-1"),
                    to=Sender(phone="5511955500101", user_id="BR.10000000000000000101"),
                    at=at(300),
                    kind="text",
                    text="Oi, aqui é o vendedor. Já te respondo.",
                )
            ],
        )
    ],
    "24_batch_two_tenants": [
        (P1, WABA1, [received("S24a", "text", "Mensagem para a loja A")]),
        (P2, WABA2, [received("S24b", "text", "Mensagem para a loja B", sender=TWO)]),
        (P2, WABA2, [StatusReceived(network_id=OUT9, status="delivered", at=at(100))]),
    ],
    "25_username_only_text": [
        (
            P1,
            WABA1,
            [
                received(
                    "S25",
                    "text",
                    "Oi, vi o anúncio",
                    sender=Sender(user_id="BR.10000000000000000103", name="Cliente Três", username="cliente.tres"),
                )
            ],
        )
    ],
    "26_account_update_disabled": [
        (
            "",
            WABA1,
            [
                AccountEvent(
                    event="account_update.DISABLED_UPDATE",
                    at=at(400),
                    pause="Meta disabled the WhatsApp account: see Business Support Home in Meta Business Suite and ask"
                    " for a review.",
                    detail={
                        "event": "DISABLED_UPDATE",
                        "ban_info": {"waba_ban_state": "DISABLE", "waba_ban_date": "November 20, 2026"},
                    },
                )
            ],
        )
    ],
    "27_template_status_rejected": [
        (
            "",
            WABA1,
            [
                AccountEvent(
                    event="message_template_status_update.REJECTED",
                    at=at(500),
                    detail={
                        "event": "REJECTED",
                        "message_template_id": 600000000000001,
                        "message_template_name": "retorno_visita",
                        "message_template_language": "pt_BR",
                        "reason": "INVALID_FORMAT",
                        "message_template_category": "UTILITY",
                    },
                )
            ],
        )
    ],
    "28_user_preferences_stop": [(P1, WABA1, [MarketingChoice(sender=ONE, at=at(600), stopped=True)])],
    "29_text_escaped_bytes": [(P1, WABA1, [received("S29", "text", "Promoção em https://example.com/x 🚗")])],
}


def test_the_table_names_every_file() -> None:
    assert sorted(EXPECTED) == sorted(path.stem for path in FIXTURES.glob("*.json"))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_fixture(name: str) -> None:
    delivery = split((FIXTURES / f"{name}.json").read_bytes())
    assert delivery.ignored == ()
    got = [(part.phone_number_id, part.waba_id, events_of(part)) for part in delivery.parts]
    assert got == EXPECTED[name]


SIGNED = {
    "01_text": "d399ca68279a8610d33b057638297d36c254c46f128b204395786512853e198e",
    "24_batch_two_tenants": "457e6994f245deda28a1895f5ac5a480348fb87fcc305dbc40024c899bb0190a",
    "29_text_escaped_bytes": "4990365dd1f7d26876d38d5aea9a3003d544edfad591f5628d0f2dee0c6b5a4b",
}


@pytest.mark.parametrize("name", sorted(SIGNED))
def test_signature_covers_the_bytes_as_they_came(name: str) -> None:
    body = (FIXTURES / f"{name}.json").read_bytes()
    header = f"sha256={SIGNED[name]}"
    assert signature_ok("fixture_app_secret", body, header)
    assert not signature_ok("another_secret", body, header)
    assert not signature_ok("fixture_app_secret", body.replace(b"\\u00e7", "ç".encode()) + b" ", header)
