"""`system` messages of the Cloud API: a customer got a new phone or a new user id."""

import re
from datetime import datetime
from typing import Final

from daemon.whatsapp import fields, phones
from daemon.whatsapp.events import Event, IdentityChanged, Ignored, Sender
from daemon.whatsapp.fields import Json

CHANGES: Final = ("user_changed_number", "user_changed_user_id", "customer_changed_number")
# The name before "changed" is the customer's own choice, so only the end of the sentence can be trusted.
_SENTENCE: Final = re.compile(r"changed from (\S+) to (\S+?)\.?\s*\Z")


def identity_change(message: Json, at: datetime) -> Event:
    """One `system` message. What cannot be resolved to an old and a new identity is `Ignored`."""
    system = fields.record(message.get("system"))
    network_id = fields.identifier(message.get("id"))
    kind = fields.text(system.get("type"), 64)
    if kind not in CHANGES:
        return Ignored(reason="system", detail=kind)
    new_user, new_phone = _ids(system.get("user_id"), system.get("new_wa_id"), system.get("wa_id"))
    old_user, old_phone = _ids(system.get("previous_user_id"), message.get("from"), system.get("customer"))
    written_from = fields.identifier(message.get("from_user_id"))
    if phones.is_user_id(written_from) and written_from != new_user:
        old_user = old_user or written_from
    if not ((old_user or old_phone) and (new_user or new_phone)):
        sentence = _SENTENCE.search(fields.text(system.get("body"), 4096))
        if sentence:
            before_user, before_phone = _ids(sentence[1])
            after_user, after_phone = _ids(sentence[2])
            old_user, old_phone = old_user or before_user, old_phone or before_phone
            new_user, new_phone = new_user or after_user, new_phone or after_phone
    if old_user and old_phone == new_phone:
        old_phone = ""
    old, new = Sender(phone=old_phone, user_id=old_user), Sender(phone=new_phone, user_id=new_user)
    if not (old_phone or old_user) or not (new_phone or new_user) or old == new:
        return Ignored(reason="unresolved_identity", detail=network_id)
    return IdentityChanged(old=old, new=new, at=at)


def _ids(*values: object) -> tuple[str, str]:
    """(user id, phone): the first of each shape among `values`."""
    user_id = phone = ""
    for value in values:
        given = fields.identifier(value)
        if phones.is_user_id(given):
            user_id = user_id or given
        else:
            phone = phone or phones.phone_digits(given)
    return user_id, phone
