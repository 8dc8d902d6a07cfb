"""Writes `migrations/*/schema.sql`, the sum of the migrations: `make schema`."""

from pathlib import Path

import apsw

from shards.migrate import migrate

MIGRATIONS = Path(__file__).parents[2] / "migrations"
KINDS = ("central", "session", "tenant")


def schema(kind: str) -> str:
    """The statements that a freshly migrated file holds, by type and name."""
    connection = apsw.Connection(":memory:")
    try:
        migrate(connection, Path(":memory:"), kind)
        version = connection.pragma("user_version")
        # A virtual table's own tables are made by it, not by us.
        found = connection.execute(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
            " AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')"
            " ORDER BY tbl_name, type DESC, name"
        )
        statements = "".join(f"\n{sql};\n" for (sql,) in found)
        return f"-- Written by `make schema` from the migrations; do not edit.\n-- Schema {version}.\n{statements}"
    finally:
        connection.close()


if __name__ == "__main__":
    for kind in KINDS:
        (MIGRATIONS / kind / "schema.sql").write_text(schema(kind), "utf-8")
