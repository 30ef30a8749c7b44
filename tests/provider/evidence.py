"""What a run leaves behind."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def tables() -> list[Any]:
    """Return the tables of the metadata database."""
    from airflow import settings
    from sqlalchemy import MetaData

    metadata = MetaData()
    metadata.reflect(bind=settings.engine)
    return list(metadata.sorted_tables)


def database_dump() -> str:
    """Return every row of every table of the metadata database."""
    from airflow import settings
    from sqlalchemy import select

    with settings.engine.connect() as connection:
        rows = {table.name: connection.execute(select(table)).all() for table in tables()}
    return "\n".join(f"{table}: {tuple(row)}" for table, found in rows.items() for row in found)
