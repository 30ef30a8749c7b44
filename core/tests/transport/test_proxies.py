"""Which proxy a request goes through, by the connection and by the environment."""

from __future__ import annotations

import pytest

from arazzo.transport.proxies import environment_proxies, proxy_for

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("without", "url", "direct"),
    [
        ("10.0.0.0/8", "http://10.1.2.3/x", True),
        ("10.0.0.0/8", "http://11.1.2.3/x", False),
        ("10.1.2.3/8", "https://10.9.9.9/x", True),
        ("a.example, 10.1.2.3", "http://10.1.2.3:8080/x", True),
        ("10.1.2.3:8080", "http://10.1.2.3:8080/x", True),
        ("10.1.2.3:8080", "http://10.1.2.3/x", False),
        ("10.1.2.3:443", "https://10.1.2.3/x", True),
        ("fd00::/8", "http://[fd00::5]:81/x", True),
        ("fd00::/8", "http://[fe80::5]/x", False),
        ("fd00:0::5", "http://[fd00::5]/x", True),
        ("[fd00::5]", "http://[fd00::5]/x", True),
        ("[fd00::5]:81", "http://[fd00::5]:81/x", True),
        ("[fd00::5]:81", "http://[fd00::5]:82/x", False),
        ("10.0.0.0/8", "http://[fd00::5]/x", False),
        ("*", "http://10.1.2.3/x", True),
        ("*", "http://a.example/x", True),
        ("example.test", "http://api.Example.test/x", True),
        (".example.test", "http://api.example.test:81/x", True),
        ("ample.test", "http://api.example.test/x", False),
        ("10.0.0.0/8,/,a b,::/x", "http://b.example/x", False),
        ("", "http://10.1.2.3/x", False),
    ],
)
def test_what_is_reached_without_a_proxy(monkeypatch, without, url, direct):
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("no_proxy", without)
    monkeypatch.setenv("http_proxy", PROXY)
    monkeypatch.setenv("https_proxy", PROXY)
    assert proxy_for(url, {}, environment_proxies()) == (None if direct else PROXY)


@pytest.mark.parametrize(
    ("named", "proxy"),
    [
        ({"https": "http://secure.example"}, "http://secure.example"),
        ({"https://a.example": "http://own.example", "https": PROXY}, "http://own.example"),
        ({"all": "own.example:80"}, "http://own.example:80"),
        ({"https": ""}, None),
        ({"http": "http://plain.example"}, PROXY),
    ],
)
def test_a_connections_proxies_come_first(named, proxy):
    assert proxy_for("https://a.example/x", named, {"https": PROXY}) == proxy


def test_without_an_environment_only_the_connections_count():
    assert proxy_for("https://a.example/x", {}, {}) is None
    assert proxy_for("http://a.example/x", {}, {"all": PROXY}) == PROXY
