"""Everything that touches SQLite: one file per tenant, and the central one."""
