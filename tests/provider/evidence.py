"""What a run leaves behind."""

from __future__ import annotations


def database_dump() -> str:
    """Return every row of every table of the metadata database."""
    from airflow import settings
    from sqlalchemy import MetaData, select

    metadata = MetaData()
    metadata.reflect(bind=settings.engine)
    with settings.engine.connect() as connection:
        rows = {table.name: connection.execute(select(table)).all() for table in metadata.sorted_tables}
    return "\n".join(f"{table}: {tuple(row)}" for table, found in rows.items() for row in found)
