"""The embedded answerer: understands pt-BR requests, searches the stock, answers without any key or network."""

from daemon.desk.catalogue.dialogue import answer

__all__ = ["answer"]
