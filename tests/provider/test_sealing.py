from __future__ import annotations

import json
from threading import get_ident

import pytest
from airflow.providers.common.compat.sdk import AirflowException
from cryptography.fernet import Fernet
from running import Run
from version_play import defer, fire

from airflow_arazzo.protocol import encryption
from airflow_arazzo.protocol.channel import Channel
from airflow_arazzo.protocol.secret_ledger import Ledger, is_sensitive
from airflow_arazzo.triggers import arazzo as triggers
from arazzo.secrecy.secrets import secrets_in

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.attack("sealed values", "values in clear, under another key, of no key; what others are told"),
]


def test_names_are_sensitive_as_airflow_says():
    assert is_sensitive("token")
    assert is_sensitive("Authorization")
    assert is_sensitive("dbPassword")
    assert not is_sensitive("image")


def test_hides_by_name_at_any_depth_and_keeps_the_rest():
    values = {
        "image": "nginx",
        "count": 3,
        "token": "abcdef123",
        "login": {"user": "bob", "password": "pw-pw-pw", "pins": [1]},
        "mine": [7, "seven"],
        "missing": None,
    }
    assert Ledger().hide(values, sensitive=("mine",)) == {
        "image": "nginx",
        "count": 3,
        "token": "***",
        "login": {"user": "bob", "password": "***", "pins": [1]},
        "mine": ["***", "***"],
        "missing": None,
    }
    assert Ledger().hide({"token": None, "ok": True}) == {"token": None, "ok": True}


def test_what_is_below_a_sensitive_name_is_secret():
    assert list(secrets_in({"secrets": {"user": "u-1", "nested": [{"x": 12345}]}}, is_sensitive)) == ["u-1", "12345"]


def test_registered_secrets_are_hidden_inside_other_texts():
    ledger = Ledger()
    ledger.add_named({"token": "tok-4711-registered"})
    assert ledger.hide({"header": "Bearer tok-4711-registered"}) == {"header": "Bearer ***"}
    assert ledger.conceal_in({"message": ["saw tok-4711-registered"], "n": 1}) == {
        "message": ["saw ***"],
        "n": 1,
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("/a?key=al%2Fpha%2B%20be%3Dta-1", "/a?key=***"),
        ("/a?key=al%2fpha%2b+be%3dta-1", "/a?key=***"),
        ("/a?key=al/pha%2B%20be=ta-1", "/a?key=***"),
        ("see /a?key=%61l/pha%2B%20be=ta-1 there", "see /a?key=*** there"),
        ('{"said": "al\\/pha\\u002B be\\u003dta-1", "n": 1}', '{"said": "***", "n": 1}'),
        ("al&#x2F;pha&#43; be&#61;ta-1!", "***!"),
        ({"al/pha+ be=ta-1": 1}, {"***": 1}),
        ([8675309123, 98675309123, "n8675309123", True], ["***", 98675309123, "n***", True]),
        ("token bear-er-1 expired", "token *** expired"),
        ("cook-ie-1", "***"),
        ("100% of a+b", "100% of a+b"),
    ],
)
def test_registered_secrets_are_hidden_however_they_are_told(value, shown):
    values = {"password": "al/pha+ be=ta-1", "pin_token": 8675309123, "authorization": "Bearer bear-er-1"}
    ledger = Ledger()
    ledger.add_named({**values, "secret": "sid=cook-ie-1; Path=/"})
    assert ledger.hide({"said": value}) == {"said": shown}


def test_what_airflow_does_not_mask_is_not_hidden():
    ledger = Ledger()
    ledger.add_named({"password": "airflow", "token": "abcd", "secret": ""})
    assert ledger.hide({"said": "airflow, abcd", "abcd": 1}) == {"said": "airflow, abcd", "abcd": 1}


def test_half_of_a_surrogate_pair_in_a_secret_hinders_nobody():
    ledger = Ledger()
    ledger.add_named({"token": "half\ud800secret"})
    assert ledger.hide({"said": "half\ud800secret"}) == {"said": "***"}


@pytest.mark.parametrize(
    "value", ["se/cr+et-known", "/a?key=se%2Fcr%2Bet-known", "/a?key=se%2fcr%2bet-known", {"se/cr+et-known": 1}]
)
def test_an_envelope_brings_the_secrets_of_connections_along_that_are_in_it(value):
    run = Run()
    told = Channel(run.context("a")["ti"])
    told.ledger.add(["se/cr+et-known", "not-in-there"], of_connection=True)
    told.put("result", {"x": [value]}, secret=False)
    told.send()
    heard = Channel(run.context("b")["ti"])
    assert heard.read("a", "result") == {"x": [value]}
    assert list(heard.ledger.secrets.texts) == ["se/cr+et-known"]


def test_seals_and_unseals():
    sealed = encryption.seal_json({"token": "s3cret-value", "n": [1, None]})
    assert "s3cret-value" not in sealed
    assert encryption.unseal_json(sealed) == {"token": "s3cret-value", "n": [1, None]}


@pytest.mark.attack("the triggerer's event loop", "a poll that carries outputs of many megabytes")
def test_a_triggerer_opens_and_seals_what_it_carries_in_a_thread(monkeypatch, api):
    where = []
    for name in ("pack", "unpack"):
        work = getattr(triggers, name)
        monkeypatch.setattr(triggers, name, lambda value, work=work: where.append(get_ident()) or work(value))
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))
    api.on("GET /nodes/flaky", 503, None, Retry_After="4").on("GET /nodes/flaky", 200, {"mark": "ok"})
    assert fire(*defer())["status"] == "done"
    assert len(where) == 2
    assert get_ident() not in where


LONG = "ä0123456789" * 300_000


def test_a_long_text_is_encrypted_in_pieces_between_which_others_get_a_turn():
    sealed = encryption.seal(LONG)
    kind, _, tokens = sealed.partition(":")
    assert kind == "fernet-pieces"
    assert max(map(len, tokens.split("."))) < 1_000_000
    assert encryption.unseal(sealed) == LONG


@pytest.mark.parametrize(
    "change",
    [
        lambda pieces, others: pieces[1:],
        lambda pieces, others: pieces[:-1],
        lambda pieces, others: [pieces[1], pieces[0], *pieces[2:]],
        lambda pieces, others: [pieces[0], *pieces],
        lambda pieces, others: [others[0], *pieces[1:]],
        lambda pieces, others: [*pieces[:-1], encryption.seal("text").partition(":")[2]],
        lambda pieces, others: [encryption.seal("text").partition(":")[2]],
    ],
    ids=["without first", "without last", "swapped", "one twice", "one of another", "a short one", "only a short one"],
)
def test_pieces_that_are_not_those_of_one_text_are_refused(change):
    pieces, others = (encryption.seal(LONG).partition(":")[2].split(".") for _ in range(2))
    with pytest.raises(AirflowException, match="its pieces are not those that were sealed"):
        encryption.unseal(f"fernet-pieces:{'.'.join(change(pieces, others))}")


def test_another_key_does_not_open_it(monkeypatch):
    sealed = encryption.seal("text")
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", Fernet.generate_key().decode())
    with pytest.raises(AirflowException, match="fernet_key differs"):
        encryption.unseal(sealed)


def test_a_rotated_key_opens_it(monkeypatch):
    sealed = encryption.seal("text")
    import os

    old = os.environ["AIRFLOW__CORE__FERNET_KEY"]
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", f"{Fernet.generate_key().decode()},{old}")
    assert encryption.unseal(sealed) == "text"


def test_without_a_key_only_what_is_not_secret_passes(monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "")
    assert encryption.unseal(encryption.seal("public", secret=False)) == "public"
    with pytest.raises(AirflowException, match="fernet_key is not set"):
        encryption.seal("private", secret=True)


def test_what_is_not_encrypted_is_refused_where_there_is_a_key(monkeypatch):
    plain = 'plain:{"a": 1}'
    with pytest.raises(AirflowException, match="it is not encrypted"):
        encryption.unseal(plain)
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "")
    assert encryption.unseal_json(plain) == {"a": 1}


def test_what_was_never_sealed_is_said_so():
    with pytest.raises(AirflowException, match="this version did not seal it"):
        encryption.unseal("gAAAAABm")


def test_a_key_that_is_none_is_said_so(monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "not a key")
    with pytest.raises(AirflowException, match="not a Fernet key"):
        encryption.seal("x")


@pytest.fixture
def ledger():
    """Secrets of one task."""
    ledger = Ledger()
    ledger.add(["tok-4711-own", "1234"])
    ledger.add(["conn-4711-pw", "conn/4711 key"], of_connection=True)
    return ledger


def test_others_are_told_of_a_connections_secrets_only_where_they_occur(ledger):
    assert list(ledger.to_share(None).texts) == ["tok-4711-own", "1234"]
    told = {"url": "/?key=conn%2F4711%20key"}
    assert list(ledger.to_share(told).texts) == ["tok-4711-own", "1234", "conn/4711 key"]


def test_what_was_heard_from_another_task_is_told_on(ledger):
    ledger.add(["conn-4711-pw"])
    ledger.add(["conn-4711-pw"], of_connection=True)
    assert list(ledger.to_share(None).texts) == ["tok-4711-own", "1234", "conn-4711-pw"]


def test_what_is_too_short_to_be_masked_is_no_secret_in_another_text(ledger):
    assert list(ledger.secrets.occurring({"n": "1234", "said": "tok-4711-own"}).texts) == ["tok-4711-own"]


def test_airflows_masker_is_told_of_no_secret_that_is_too_short_for_it(monkeypatch):
    told = []
    monkeypatch.setattr("airflow_arazzo.protocol.secret_ledger.mask_secret", told.extend)
    Ledger().add(["1234", "tok-4711-own"])
    assert told == ["tok-4711-own"]
    monkeypatch.setenv("AIRFLOW__LOGGING__MIN_LENGTH_MASKED_SECRET", "3")
    Ledger().add(["1234"])
    assert told == ["tok-4711-own", "1234"]
