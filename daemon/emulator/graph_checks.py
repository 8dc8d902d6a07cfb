"""What Meta refuses: the emulated Graph API's checks of a message body, and its error answers."""

import re
from typing import Any, Final

from attrs import frozen

from daemon.whatsapp.fields import Json

_TO: Final = re.compile(r"\+?[0-9 ()-]{5,24}")
_USER_ID: Final = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
_HTTP_STATUS: Final = {0: 401, 190: 401, 3: 500, 10: 403, 2: 503, 131016: 500, 131000: 500, 131005: 403, 1: 400}
_TITLES: Final = {
    4: "Application request limit reached",
    190: "Error validating access token",
    80007: "There have been too many calls to this WhatsApp account",
    130429: "Rate limit hit",
    131000: "Something went wrong",
    131026: "Message undeliverable",
    131047: "Re-engagement message",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
}


@frozen
class Refusal:
    """One error answer."""

    code: int
    details: str
    http_status: int = 400
    subcode: int | None = None

    def body(self) -> Json:
        """The JSON of the answer, in Meta's shape."""
        error: Json = {
            "message": f"(#{self.code}) {_TITLES.get(self.code, self.details)}",
            "type": "OAuthException",
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": "AEmulatedTrace",
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        return {"error": error}


def refusal(code: int, details: str = "") -> Refusal:
    """The answer to a scripted error, with the HTTP status Meta uses for it."""
    return Refusal(code, details or _TITLES.get(code, "Scripted"), _HTTP_STATUS.get(code, 400))


def check_message(body: Any) -> Refusal | None:
    """Why Meta would not take this request to `/messages`, or None."""
    if not isinstance(body, dict):
        return Refusal(100, "The body is not a JSON object")
    if body.get("messaging_product") != "whatsapp":
        return Refusal(100, "The parameter messaging_product is required.")
    if "status" in body:
        return _check_read(body)
    wrong = _check_recipient(body) or _check_frame(body)
    if wrong is not None:
        return wrong
    kind = body.get("type", "text")
    check = _CHECKS.get(kind)
    if check is None:
        return Refusal(100, f"Param type must be one of {sorted(_CHECKS)}")
    content = body.get(kind)
    if not isinstance(content, dict):
        return Refusal(131008, f"Parameter {kind} is required")
    problem = check(content)
    return Refusal(100, problem) if problem else None


def _check_read(body: Json) -> Refusal | None:
    if body["status"] != "read" or not _filled(body.get("message_id")):
        return Refusal(100, "status must be read, with a message_id")
    if "typing_indicator" in body and body["typing_indicator"] != {"type": "text"}:
        return Refusal(100, "typing_indicator must be of type text")
    return None


def _check_recipient(body: Json) -> Refusal | None:
    to, recipient = body.get("to"), body.get("recipient")
    if to is None and recipient is None:
        return Refusal(131008, "Parameter to or recipient is required")
    if to is not None and not (isinstance(to, str) and (_TO.fullmatch(to) or _USER_ID.fullmatch(to))):
        return Refusal(131009, "Parameter to is not a phone number")
    if recipient is not None and not (isinstance(recipient, str) and _USER_ID.fullmatch(recipient)):
        return Refusal(131009, "Parameter recipient is not a user id")
    if body.get("recipient_type", "individual") not in ("individual", "group"):
        return Refusal(100, "recipient_type must be individual or group")
    return None


def _check_frame(body: Json) -> Refusal | None:
    data = body.get("biz_opaque_callback_data")
    if data is not None and not (isinstance(data, str) and len(data) <= 512):
        return Refusal(100, "biz_opaque_callback_data must be a string of at most 512 characters")
    context = body.get("context")
    if context is not None and not (isinstance(context, dict) and _filled(context.get("message_id"))):
        return Refusal(100, "context needs a message_id")
    if context is not None and body.get("type") == "reaction":
        return Refusal(100, "a reaction takes no context")
    return None


def _filled(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _text(content: Json) -> str:
    body = content.get("body")
    if not isinstance(body, str) or not body.strip():
        return "Param text['body'] must be a non-empty string"
    return "Param text['body'] must be at most 4096 characters long." if len(body) > 4096 else ""


def _file(content: Json, *members: str) -> str:
    unknown = set(content) - {"id", "link", *members}
    if unknown:
        return f"Unexpected key {sorted(unknown)[0]}"
    if _filled(content.get("id")) == _filled(content.get("link")):
        return "Exactly one of id and link is required"
    link = content.get("link")
    if link is not None and not str(link).startswith(("https://", "http://")):
        return "link must be an http or https address"
    caption = content.get("caption", "")
    return "caption must be at most 1024 characters long" if not isinstance(caption, str) or len(caption) > 1024 else ""


def _reaction(content: Json) -> str:
    if not _filled(content.get("message_id")) or not isinstance(content.get("emoji"), str):
        return "a reaction needs message_id and emoji"
    return ""


def _template(content: Json) -> str:
    language = content.get("language")
    named = _filled(content.get("name")) and isinstance(language, dict) and _filled(language.get("code"))
    return "" if named else "a template needs name and language.code"


def _interactive(content: Json) -> str:
    if content.get("type") not in ("button", "list", "cta_url", "location_request_message", "request_contact_info"):
        return "interactive type is not supported"
    return "" if isinstance(content.get("body"), dict) else "interactive body is required"


_CHECKS: Final = {
    "text": _text,
    "image": lambda content: _file(content, "caption"),
    "video": lambda content: _file(content, "caption"),
    "document": lambda content: _file(content, "caption", "filename"),
    "audio": lambda content: _file(content, "voice"),
    "sticker": _file,
    "reaction": _reaction,
    "template": _template,
    "interactive": _interactive,
}
