from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import AirflowException
from cryptography.fernet import Fernet

from airflow_arazzo.protocol import encryption

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.attack("sealed values", "values in clear, under another key, of no key; what others are told"),
]


def test_names_are_sensitive_as_airflow_says():
    assert encryption.is_sensitive("token")
    assert encryption.is_sensitive("Authorization")
    assert encryption.is_sensitive("dbPassword")
    assert not encryption.is_sensitive("image")


def test_hides_by_name_at_any_depth_and_keeps_the_rest():
    values = {
        "image": "nginx",
        "count": 3,
        "token": "abcdef123",
        "login": {"user": "bob", "password": "pw-pw-pw", "pins": [1]},
        "mine": [7, "seven"],
        "missing": None,
    }
    assert encryption.hide(values, sensitive=("mine",)) == {
        "image": "nginx",
        "count": 3,
        "token": "***",
        "login": {"user": "bob", "password": "***", "pins": [1]},
        "mine": ["***", "***"],
        "missing": None,
    }
    assert encryption.hide({"token": None, "ok": True}) == {"token": None, "ok": True}


def test_what_is_below_a_sensitive_name_is_secret():
    assert list(encryption.secrets_in({"secrets": {"user": "u-1", "nested": [{"x": 12345}]}})) == ["u-1", "12345"]


def test_registered_secrets_are_hidden_inside_other_texts():
    encryption.register({"token": "tok-4711-registered"})
    assert encryption.hide({"header": "Bearer tok-4711-registered"}) == {"header": "Bearer ***"}
    assert encryption.hide_registered({"message": ["saw tok-4711-registered"], "n": 1}) == {
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
    encryption.register({**values, "secret": "sid=cook-ie-1; Path=/"})
    assert encryption.hide({"said": value}) == {"said": shown}


def test_what_airflow_does_not_mask_is_not_hidden():
    encryption.register({"password": "airflow", "token": "abcd", "secret": ""})
    assert encryption.hide({"said": "airflow, abcd", "abcd": 1}) == {"said": "airflow, abcd", "abcd": 1}


def test_half_of_a_surrogate_pair_in_a_secret_hinders_nobody():
    encryption.register({"token": "half\ud800secret"})
    assert encryption.hide({"said": "half\ud800secret"}) == {"said": "***"}


@pytest.mark.parametrize(
    "value", ["se/cr+et-known", "/a?key=se%2Fcr%2Bet-known", "/a?key=se%2fcr%2bet-known", {"se/cr+et-known": 1}]
)
def test_a_sealed_value_brings_the_secrets_along_that_are_in_it(value):
    encryption.register({"token": "se/cr+et-known", "password": "not-in-there"})
    assert encryption.unseal_json(encryption.seal_known([value], secret=False))["secrets"] == ["se/cr+et-known"]


def test_seals_and_unseals():
    sealed = encryption.seal_json({"token": "s3cret-value", "n": [1, None]})
    assert "s3cret-value" not in sealed
    assert encryption.unseal_json(sealed) == {"token": "s3cret-value", "n": [1, None]}


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
    with pytest.raises(AirflowException, match="none that this version has sealed"):
        encryption.unseal("gAAAAABm")


def test_a_key_that_is_none_is_said_so(monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "not a key")
    with pytest.raises(AirflowException, match="not a Fernet key"):
        encryption.seal("x")


@pytest.fixture
def registered(monkeypatch):
    """Secrets of one task, whose process has registered nothing else."""
    monkeypatch.setattr(encryption, "REGISTERED", {})
    encryption.register_texts(["tok-4711-own", "1234"])
    encryption.register_texts(["conn-4711-pw", "conn/4711 key"], of_connection=True)


def test_others_are_told_of_a_connections_secrets_only_where_they_occur(registered):
    assert encryption.secrets_to_share(None) == ["tok-4711-own"]
    assert encryption.secrets_to_share({"url": "/?key=conn%2F4711%20key"}) == ["tok-4711-own", "conn/4711 key"]


def test_what_was_heard_from_another_task_is_told_on(registered):
    encryption.register_texts(["conn-4711-pw"])
    encryption.register_texts(["conn-4711-pw"], of_connection=True)
    assert encryption.secrets_to_share(None) == ["tok-4711-own", "conn-4711-pw"]


def test_what_is_too_short_to_be_masked_is_no_secret_in_another_text(registered):
    assert encryption.occurring({"n": "1234", "said": "tok-4711-own"}, encryption.REGISTERED) == ["tok-4711-own"]


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("tok-4711-own", ["tok-4711-own"]),
        ({"a": ["Bearer tok-4711-own"], "b": 5}, ["tok-4711-own"]),
        ("u=tok-4711-own&p=conn-4711-pw.", ["tok-4711-own", "conn-4711-pw"]),
        ("*** is innocent (and [so] is this)", []),
    ],
)
def test_the_parts_of_a_value_that_the_masker_hides(registered, value, parts):
    assert list(encryption.masked_parts(value)) == parts
