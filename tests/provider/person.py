"""A person who answers what a task asks while ``dag.test()`` waits, as the REST API does it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import datetime, timezone


@contextmanager
def person(task_id: str, answer: str | None):
    """Answer the first question that a task asks, or let its time run out (None); yield what was asked."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.trigger import handle_event_submit
    from airflow.triggers.base import TriggerEvent
    from airflow.utils.session import create_session
    from sqlalchemy import select
    from sqlalchemy.orm import joinedload

    asked: list[str] = []
    over = threading.Event()

    def look() -> bool:
        with create_session() as session:
            waiting = select(TaskInstance).where(TaskInstance.task_id == task_id)
            waiting = waiting.where(TaskInstance.state == "awaiting_input")
            waiting = waiting.options(joinedload(TaskInstance.hitl_detail))
            for instance in session.scalars(waiting):
                detail = instance.hitl_detail
                asked.append(detail.subject)
                if answer is None:
                    late = TriggerEvent({"error": "the response timeout has passed", "error_type": "timeout"})
                    handle_event_submit(late, task_instance=instance, session=session)
                    return True
                detail.responded_by = {"id": "1", "name": "grace"}
                detail.responded_at = datetime.now(timezone.utc)
                detail.chosen_options, detail.params_input = [answer], {}
                event = TriggerEvent(detail.as_resume_event_payload())
                handle_event_submit(event, task_instance=instance, session=session)
                return True
        return False

    def watch() -> None:
        while not over.wait(0.3) and not look():
            pass

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        over.set()
        thread.join(10)
