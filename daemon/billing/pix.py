"""Pix static BR Codes: the copy-and-paste text behind a QR. Pure.

Source: Banco Central do Brasil, "Manual de Padrões para Iniciação do Pix" (EMV QRCPS merchant-presented mode): fields
of two digits id, two digits length in bytes, value; the last field is CRC16-CCITT-FALSE over everything before its
value.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from attrs import frozen

LONGEST_NAME: Final = 25
LONGEST_CITY: Final = 15
LONGEST_VALUE: Final = 99
NO_TXID: Final = "***"

_GUI: Final = "br.gov.bcb.pix"
_REAIS: Final = "986"  # ISO 4217
_TXID: Final = re.compile(r"[A-Za-z0-9]{1,25}", re.ASCII)
_AMOUNT: Final = re.compile(r"(0|[1-9][0-9]{0,9})\.[0-9]{2}", re.ASCII)
_EVP: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_PHONE: Final = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+", re.ASCII)
_CPF: Final = re.compile(r"[0-9]{11}", re.ASCII)
_CNPJ: Final = re.compile(r"[0-9A-Z]{12}[0-9]{2}", re.ASCII)
_MOST_CENTAVOS: Final = 10**12 - 1


class BadPix(ValueError):
    """A text that is no BR Code, or values that make none; one line."""


@frozen(kw_only=True)
class Pix:
    """A static charge. `amount_centavos` None: the payer types it."""

    key: str
    name: str
    city: str
    amount_centavos: int | None = None
    txid: str = NO_TXID


def encode(pix: Pix) -> str:
    """The copy-and-paste text. Accents of name and city are dropped, both are cut to their length. Raises `BadPix`."""
    if fault := key_fault(pix.key):
        raise BadPix(f"the Pix key {fault}")
    if pix.txid != NO_TXID and not _TXID.fullmatch(pix.txid):
        raise BadPix("the txid must have 1 to 25 letters and digits")
    name, city = plain(pix.name)[:LONGEST_NAME].strip(), plain(pix.city)[:LONGEST_CITY].strip()
    if not name or not city:
        raise BadPix("name and city of the receiver must not be empty")
    amount = ""
    if pix.amount_centavos is not None:
        if not 0 < pix.amount_centavos <= _MOST_CENTAVOS:
            raise BadPix("the amount must be more than nothing")
        amount = _field("54", f"{pix.amount_centavos // 100}.{pix.amount_centavos % 100:02}")
    text = (
        _field("00", "01")
        + _field("26", _field("00", _GUI) + _field("01", pix.key))
        + _field("52", "0000")
        + _field("53", _REAIS)
        + amount
        + _field("58", "BR")
        + _field("59", name)
        + _field("60", city)
        + _field("62", _field("05", pix.txid))
        + "6304"
    )
    return text + checksum(text)


def parse(text: str) -> Pix:
    """A static BR Code's values; its length, checksum and fields are checked. Raises `BadPix`."""
    if len(text) < 8 or text[-8:-4] != "6304":
        raise BadPix("the text does not end in a checksum")
    if checksum(text[:-4]) != text[-4:].upper():
        raise BadPix("the checksum is wrong: the text was changed or cut")
    fields = dict(_fields(text[:-8]))
    for id_, wanted in (("00", "01"), ("53", _REAIS), ("58", "BR")):
        if fields.get(id_) != wanted:
            raise BadPix(f"field {id_} is {fields.get(id_)!r} instead of {wanted!r}")
    account = dict(_fields(fields.get("26", "")))
    if account.get("00", "").lower() != _GUI:
        raise BadPix("field 26 is not Pix")
    if "25" in account:
        raise BadPix("this is a dynamic code: its amount stands at an address")
    if fault := key_fault(account.get("01", "")):
        raise BadPix(f"the Pix key {fault}")
    name, city = fields.get("59", ""), fields.get("60", "")
    if not 0 < len(name.encode()) <= LONGEST_NAME or not 0 < len(city.encode()) <= LONGEST_CITY:
        raise BadPix(f"name and city must have 1 to {LONGEST_NAME} and {LONGEST_CITY} bytes")
    return Pix(
        key=account["01"],
        name=name,
        city=city,
        amount_centavos=_centavos(fields.get("54")),
        txid=_checked_txid(dict(_fields(fields.get("62", ""))).get("05", "")),
    )


def key_fault(key: str) -> str:
    """What is wrong with a Pix key, "" if nothing: CPF, CNPJ (letters too), e-mail, phone, or a random key."""
    if _EVP.fullmatch(key) or _PHONE.fullmatch(key):
        return ""
    if _CPF.fullmatch(key):
        return "" if _cpf_ok(key) else "is a CPF with wrong check digits"
    if _CNPJ.fullmatch(key):
        return "" if _cnpj_ok(key) else "is a CNPJ with wrong check digits"
    if _EMAIL.fullmatch(key) and len(key) <= 77 and key == key.lower():
        return ""
    return "is no CPF or CNPJ (without dots), e-mail (in small letters), phone (+55…) or random key"


def plain(text: str) -> str:
    """The text in ASCII: accents dropped, what has no ASCII form left out."""
    flat = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join("".join(char if char.isprintable() else " " for char in flat).split())


def checksum(text: str) -> str:
    """CRC16-CCITT-FALSE (polynomial 0x1021, from 0xFFFF, nothing reflected), four hexadecimal digits."""
    crc = 0xFFFF
    for byte in text.encode():
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
        crc &= 0xFFFF
    return f"{crc:04X}"


def _field(id_: str, value: str) -> str:
    length = len(value.encode())
    if length > LONGEST_VALUE:
        raise BadPix(f"field {id_} has {length} bytes, {LONGEST_VALUE} at most fit")
    return f"{id_}{length:02}{value}"


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Ids and values; lengths count bytes."""
    raw, at, seen = text.encode(), 0, set[str]()
    while at < len(raw):
        head, length = raw[at : at + 2], raw[at + 2 : at + 4]
        if not (len(length) == 2 and head.isdigit() and length.isdigit()) or at + 4 + int(length) > len(raw):
            raise BadPix(f"byte {at + 1} begins no whole field")
        id_, end = head.decode(), at + 4 + int(length)
        if id_ in seen:
            raise BadPix(f"field {id_} comes twice")
        seen.add(id_)
        try:
            yield id_, raw[at + 4 : end].decode()
        except UnicodeDecodeError:
            raise BadPix(f"field {id_} ends inside a character: lengths count bytes") from None
        at = end


def _centavos(amount: str | None) -> int | None:
    if amount is None:
        return None
    if not _AMOUNT.fullmatch(amount):
        raise BadPix(f"the amount is {amount!r}, not like 123.45")
    return int(amount.replace(".", ""))


def _checked_txid(txid: str) -> str:
    if txid != NO_TXID and not _TXID.fullmatch(txid):
        raise BadPix("the txid must have 1 to 25 letters and digits, or be ***")
    return txid


def _cpf_ok(cpf: str) -> bool:
    return len(set(cpf)) > 1 and all(
        int(cpf[length]) == _check_digit(cpf[:length], range(length + 1, 1, -1)) for length in (9, 10)
    )


def _cnpj_ok(cnpj: str) -> bool:
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    return len(set(cnpj)) > 1 and all(
        int(cnpj[length]) == _check_digit(cnpj[:length], weights[13 - length :]) for length in (12, 13)
    )


def _check_digit(digits: str, weights: "range | tuple[int, ...]") -> int:
    """Modulo 11, characters valued as their code less 48 (Receita Federal, for letters too)."""
    rest = sum((ord(char) - 48) * weight for char, weight in zip(digits, weights, strict=True)) % 11
    return 0 if rest < 2 else 11 - rest
