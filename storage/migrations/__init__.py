"""Alembic's migrations, applied at start by ``storage.schema``."""
