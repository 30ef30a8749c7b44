from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import AirflowException
from cryptography.fernet import Fernet

from airflow_arazzo.hooks import sealing

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_names_are_sensitive_as_airflow_says():
    assert sealing.is_sensitive("token")
    assert sealing.is_sensitive("Authorization")
    assert sealing.is_sensitive("dbPassword")
    assert not sealing.is_sensitive("image")


def test_hides_by_name_at_any_depth_and_keeps_the_rest():
    values = {
        "image": "nginx",
        "count": 3,
        "token": "abcdef123",
        "login": {"user": "bob", "password": "pw-pw-pw", "pins": [1]},
        "mine": [7, "seven"],
        "missing": None,
    }
    assert sealing.hide(values, sensitive=("mine",)) == {
        "image": "nginx",
        "count": 3,
        "token": "***",
        "login": {"user": "bob", "password": "***", "pins": [1]},
        "mine": ["***", "***"],
        "missing": None,
    }
    assert sealing.hide({"token": None, "ok": True}) == {"token": None, "ok": True}


def test_what_is_below_a_sensitive_name_is_secret():
    assert list(sealing.secrets_in({"secrets": {"user": "u-1", "nested": [{"x": 12345}]}})) == ["u-1", "12345"]


def test_registered_secrets_are_hidden_inside_other_texts():
    sealing.register({"token": "tok-4711-registered"})
    assert sealing.hide({"header": "Bearer tok-4711-registered"}) == {"header": "Bearer ***"}
    assert sealing.hide_registered({"message": ["saw tok-4711-registered"], "n": 1}) == {
        "message": ["saw ***"],
        "n": 1,
    }


def test_seals_and_unseals():
    sealed = sealing.seal_json({"token": "s3cret-value", "n": [1, None]})
    assert "s3cret-value" not in sealed
    assert sealing.unseal_json(sealed) == {"token": "s3cret-value", "n": [1, None]}


def test_another_key_does_not_open_it(monkeypatch):
    sealed = sealing.seal("text")
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", Fernet.generate_key().decode())
    with pytest.raises(AirflowException, match="fernet_key differs"):
        sealing.unseal(sealed)


def test_a_rotated_key_opens_it(monkeypatch):
    sealed = sealing.seal("text")
    import os

    old = os.environ["AIRFLOW__CORE__FERNET_KEY"]
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", f"{Fernet.generate_key().decode()},{old}")
    assert sealing.unseal(sealed) == "text"


def test_without_a_key_only_what_is_not_secret_passes(monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "")
    assert sealing.unseal(sealing.seal("public", secret=False)) == "public"
    with pytest.raises(AirflowException, match="fernet_key is not set"):
        sealing.seal("private", secret=True)


def test_what_was_never_sealed_is_said_so():
    with pytest.raises(AirflowException, match="none that this version has sealed"):
        sealing.unseal("gAAAAABm")


def test_a_key_that_is_none_is_said_so(monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "not a key")
    with pytest.raises(AirflowException, match="no Fernet key"):
        sealing.seal("x")
