"""What the protocol's decoders raise, whatever they are fed."""


class Garbled(ValueError):
    """Bytes or a stanza that no well-behaved peer sends."""


class Untrusted(Garbled):
    """A signature or certificate that does not prove what it should."""
