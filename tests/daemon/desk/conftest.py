"""The desk's transactions on a shard of one test."""

from tests.support.desk_rows import desk

__all__ = ["desk"]
