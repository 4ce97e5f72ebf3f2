"""The database: every row, and every transaction, stays in this room."""
