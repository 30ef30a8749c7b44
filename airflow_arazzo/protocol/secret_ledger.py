"""What a task or a trigger knows to be secret, and how it tells Airflow's masker.

A value is secret by its name: in Airflow's own list of sensitive names, or because the plan says so. The engine decides
how to hide it (:mod:`arazzo.secrecy`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from airflow.providers.common.compat.sdk import conf
from airflow.sdk.log import mask_secret, redact  # type: ignore[attr-defined] # no __all__, but public

from airflow_arazzo.compat import mask_secret_async
from arazzo.flow import Plan
from arazzo.json_values import leaves
from arazzo.secrecy.concealing import CONCEALED, hide, spellings
from arazzo.secrecy.secrets import Secrets, secrets_in
from arazzo.secrecy.sensitive_names import is_sensitive as is_known_sensitive
from arazzo.secrecy.unescaping import replace_escaped

_LONE = re.compile("[\ud800-\udfff]")
#: Every text with an escape of any kind contains one of these.
_ESCAPES = re.compile(r"[%\\&]")


class Ledger:
    """The secrets that a task or a trigger knows. Airflow's masker is told each one as soon as it is known.

    :ivar secrets: what is known so far.
    """

    def __init__(self) -> None:
        self.secrets = Secrets()

    def add(self, texts: Iterable[str] | Secrets, *, of_connection: bool = False) -> None:
        """Add secret texts, which no log shows from now on, however they are spelled in URLs and JSON.

        :param of_connection: whether they come from a connection, or are tokens obtained with it.
        """
        for spelled in self._added(texts, of_connection):
            mask_secret(spelled)

    async def add_async(self, texts: Iterable[str] | Secrets, *, of_connection: bool = False) -> None:
        """Add secret texts as :meth:`add` does, from a coroutine."""
        for spelled in self._added(texts, of_connection):
            await mask_secret_async(spelled)

    def add_named(self, values: Mapping[str, Any], sensitive: Collection[str] = ()) -> None:
        """Add each secret of values, at any depth, and the credentials in it.

        :param values: values by name.
        :param sensitive: names that are secret beyond Airflow's list.
        """
        if values:
            self.add(secrets_in(values, _names(sensitive)))

    def _added(self, texts: Iterable[str] | Secrets, of_connection: bool) -> Iterable[list[Any]]:
        """Add secret texts, and return the spellings of the new ones."""
        more = texts if isinstance(texts, Secrets) else Secrets().add(texts, of_connection=of_connection)
        known, self.secrets = self.secrets.texts, self.secrets | more
        return _spelled(new) if (new := more.texts.keys() - known.keys()) else ()

    def conceal(self, text: str) -> str:
        """Return a text without known secrets, however they are spelled.

        Those known here come first, at full length. Airflow's masker would leave the rest of one that starts like
        another.
        """
        text = str(redact(self.secrets.conceal(text) if self.secrets.texts else text))
        return replace_escaped(text, _masked_spans, CONCEALED) if _ESCAPES.search(text) else text

    def conceal_in(self, value: Any) -> Any:
        """Return a JSON value with known secrets replaced in its texts; names have no influence, and stay."""
        text = "\n".join([leaf for leaf in leaves(value) if isinstance(leaf, str)])
        return value if self.conceal(text) == text else self._concealed(value)

    def _concealed(self, value: Any) -> Any:
        match value:
            case str():
                return self.conceal(value)
            case dict():
                return {name: self._concealed(member) for name, member in value.items()}
            case list() | tuple():
                return [self._concealed(member) for member in value]
        return value

    def hide(self, values: Mapping[str, Any], sensitive: Collection[str] = ()) -> dict[str, Any]:
        """Return ``values`` with each secret replaced by ``***``, also known secrets in the rest."""
        is_secret = _names(sensitive)
        return {name: hide(value, self.conceal, is_secret, is_secret(name)) for name, value in values.items()}

    def to_share(self, told: Any) -> Secrets:
        """Return the secrets that other tasks cannot know by themselves.

        :param told: what they receive: a connection's secrets count only if they appear in it.
        """
        if not self.secrets.texts:
            return self.secrets
        seen = self.secrets.of_connections().occurring(told)
        return Secrets({text: False for text, kind in self.secrets.texts.items() if not kind or text in seen.texts})


@lru_cache(maxsize=4096)
def is_sensitive(name: str) -> bool:
    """Say whether Airflow hides values of that name (``[core] sensitive_var_conn_names`` included)."""
    return bool(redact("\x00probe\x00", name) == CONCEALED)


def _names(sensitive: Collection[str]) -> Callable[[str], bool]:
    return lambda name: name in sensitive or is_sensitive(name)


def mark_sensitive(plan: Plan) -> Plan:
    """Return the plan with those names marked that are secret only by this Airflow's ``sensitive_var_conn_names``.

    The engine knows Airflow's own list, but none of its settings.
    """
    outputs = (name for step in plan.steps for name in step.step.outputs)
    names = dict.fromkeys((*plan.taken.schemas, *outputs, *plan.outputs))
    more = [name for name in names if is_sensitive(name) and not is_known_sensitive(name, plan.sensitive)]
    children = {key: mark_sensitive(child) for key, child in plan.children.items()}
    if not more and all(children[key] is child for key, child in plan.children.items()):
        return plan
    return plan.model_copy(update={"sensitive": (*plan.sensitive, *more), "children": children})


def masked_parts(value: Any) -> Iterator[str]:
    """Yield what Airflow's masker hides in a JSON value's texts: connections' passwords, sensitive variables."""
    for text in leaves(value):
        if isinstance(text, str):
            between = [re.escape(part) for part in str(redact(text)).split(CONCEALED)]
            found = re.fullmatch("(.+?)".join(between), text, re.DOTALL)
            yield from (part for part in (found.groups() if found else (text,)) if part != CONCEALED)


def _spelled(texts: Iterable[str]) -> Iterator[list[Any]]:
    """Yield the spellings of secrets: those that a task's supervisor can be told, then the others.

    Airflow's masker takes no short ones, and would say so in the log of each task.
    """
    least = conf.getint("logging", "min_length_masked_secret", fallback=5)
    found = dict.fromkeys(each for text in texts for each in spellings(text) if len(each) >= least)
    told = [text for text in found if not _LONE.search(text)]
    yield from filter(None, (told, [text for text in found if _LONE.search(text)]))


def _masked_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where Airflow's masker hides something in a text."""
    kept = str(redact(text)).split(CONCEALED)
    if len(kept) == len(text.split(CONCEALED)):
        return
    at = len(kept[0])
    for part in kept[1:]:
        start = text.find(part, at + 1) if part else len(text)
        if start < 0:
            yield at, len(text)
            return
        if text[at:start] != CONCEALED:
            yield at, start
        at = start + len(part)
