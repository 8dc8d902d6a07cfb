"""showroomd: the WhatsApp sales desk of many car dealerships on one server."""

__version__ = "0.1.0"
