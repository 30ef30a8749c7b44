"""What documents of the tests name: functions and a notifier that somebody's alerts would be."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseNotifier


def page(context: dict[str, Any]) -> None:
    """Page somebody."""


async def late(context: dict[str, Any], **kwargs: Any) -> None:
    """Say that a run is late."""


class Ask(BaseNotifier):
    """Tell that a question waits."""

    def notify(self, context: Any) -> None:
        """Tell nobody."""
