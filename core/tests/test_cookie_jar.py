"""The cookies of a run by RFC 6265, and what an API must not do to another one's."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from pydantic import TypeAdapter

from arazzo.cookies import Jar
from arazzo.json_values import as_json, read_own_json, write_json

HERE = "https://api.example.com/shop/orders/7?x=/y"
NOW = 1_000_000_000.0
SHARED = ("example.com",)


def jar(*lines: str, url: str = HERE, domains: tuple[str, ...] = ()) -> Jar:
    return Jar(domains, at=NOW).after(url, tuple(("Set-Cookie", line) for line in lines))


@pytest.mark.parametrize(
    ("line", "path", "sent"),
    [
        ("a=1", "/shop/orders/8", True),
        ("a=1", "/shop/orders", True),
        ("a=1", "/shop/orders2", False),
        ("a=1", "/shop", False),
        ("a=1; Path=/", "/", True),
        ("a=1; Path=/shop/", "/shop", False),
        ("a=1; Path=/shop/", "/shop/x", True),
        ("a=1; Path=/other", "/other/x", True),
        ("a=1; Path=/other", "/shop/orders/7", False),
        ("a=1; Path=relative", "/shop/orders/7", True),
        ("a=1; Path=", "/shop", False),
        ("a=1; Path=/x; Path=/", "/y", True),
        ("a=1; PATH=/ ; unknown; other=thing", "/y", True),
    ],
)
def test_path(line, path, sent):
    assert bool(jar(line).header(f"https://api.example.com{path}")) is sent


@pytest.mark.parametrize(("url", "path"), [("https://a.test", "/x"), ("https://a.test/login", "/x")])
def test_the_default_path_of_what_is_at_the_top_is_all(url, path):
    assert jar("a=1", url=url).header(f"https://a.test{path}") == "a=1"


@pytest.mark.parametrize(
    ("attributes", "after"),
    [
        ("Max-Age=60", 60),
        ("Max-Age=060; Expires=Sun, 09 Sep 2001 01:46:41 GMT", 60),
        ("Max-Age=0", None),
        ("Max-Age=-5", None),
        ("Max-Age=5x", ...),
        ("Max-Age=", ...),
        ("Max-Age=" + "9" * 400, ...),
        ("Expires=Sun, 09 Sep 2001 01:47:40 GMT", 60),
        ("Expires=Sunday, 09-Sep-01 01:47:40 GMT", 60),
        ("Expires=Sun Sep  9 01:47:40 2001", 60),
        ("expires=01:47:40x 9th September 2001", 60),
        ("Expires=Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("Expires=Thu, 01-Jan-71 00:00:00 GMT", None),
        ("Expires=Wed, 01-Jan-69 00:00:00 GMT", ...),
        ("Expires=Thu, 30 Feb 2001 00:00:00 GMT", ...),
        ("Expires=Thu, 01 Jan 1600 00:00:00 GMT", ...),
        ("Expires=25:00:00 1 Jan 1999", ...),
        ("Expires=soon", ...),
        ("Expires=1/1/1999", ...),
    ],
)
def test_expiry(attributes, after):
    """None: it is over at once; ``...``: it is not over as long as a run goes."""
    kept = jar(f"a=1; {attributes}")
    if after is None:
        assert not kept.cookies
        return
    assert kept.as_of(NOW + (59 if after is ... else after - 1)).header(HERE) == "a=1"
    assert bool(kept.as_of(NOW + (1e8 if after is ... else after)).header(HERE)) is (after is ...)


def test_a_cookie_is_taken_back_by_name_domain_and_path():
    kept = jar("a=1; Path=/", "b=2; Path=/", "a=3; Path=/shop")
    kept = kept.after(HERE, (("set-cookie", "a=; Path=/; Max-Age=0"), ("set-cookie", "b=4; Path=/")))
    assert kept.header(HERE) == "a=3; b=4"


def test_longer_paths_come_first_and_then_what_was_there_first():
    kept = jar("a=1; Path=/", "b=2; Path=/shop", "c=3; Path=/", "a=4; Path=/")
    assert kept.header(HERE) == "b=2; a=4; c=3"


def test_what_the_request_has_itself_wins():
    assert jar("a=1", "b=2", "B=3").header(HERE, "x=0; b=own") == "x=0; b=own; a=1; B=3"


@pytest.mark.parametrize("line", ["", "a", "=1", " =1", ";a=1", "a=1\x00", "a=1\r\nX: y", "a=1; Path=/\x7f"])
def test_what_is_no_cookie_is_ignored(line):
    assert not jar(line).cookies


@pytest.mark.parametrize(
    ("line", "pair"),
    [
        ("a=1", "a=1"),
        ("a=b=c; Secure", "a=b=c"),
        (" a = x y ;Path=/", "a=x y"),
        ('a="q; Path=/', 'a="q'),
        ("a=", "a="),
        ("ä=ö", "ä=ö"),
    ],
)
def test_how_a_cookie_is_read(line, pair):
    assert jar(line).header(HERE) == pair


ATTACKS = [
    ("another port", "a=1", HERE, "https://api.example.com:8443/shop/orders/7"),
    ("the same without TLS", "a=1", HERE, "http://api.example.com/shop/orders/7"),
    ("a host below", "a=1", HERE, "https://x.api.example.com/shop/orders/7"),
    ("the host above", "a=1; Domain=example.com", HERE, "https://example.com/shop/orders/7"),
    ("a neighbour", "a=1; Domain=example.com", HERE, "https://evil.example.com/shop/orders/7"),
    ("another user of a host", "a=1; Domain=github.io", "https://a.github.io/", "https://b.github.io/"),
    ("a public suffix", "a=1; Domain=co.uk", "https://shop.co.uk/", "https://bank.co.uk/"),
    ("a top level", "a=1; Domain=com", "https://a.com/", "https://b.com/"),
    ("a host that ends alike", "a=1; Domain=example.com", HERE, "https://evilexample.com/shop/orders/7"),
    ("another port of an address", "a=1; Domain=127.0.0.1", "http://127.0.0.1:1/", "http://127.0.0.1:2/"),
    ("user information", "a=1", HERE, "https://api.example.com@evil.test/shop/orders/7"),
]


@pytest.mark.attack("cookies", "a cookie that is to go to an origin that has not set it")
@pytest.mark.parametrize(("name", "line", "from_", "to"), ATTACKS, ids=[each[0] for each in ATTACKS])
def test_a_cookie_goes_back_to_its_origin_alone(name, line, from_, to):
    kept = jar(line, url=from_)
    assert not kept.header(to)
    assert kept.header(from_) == "a=1"


@pytest.mark.attack("cookies", "an answer sets a cookie for a domain that it is not in")
@pytest.mark.parametrize("domain", ["bank.test", "x.api.example.com", "pi.example.com", "0.0.1"])
def test_a_cookie_for_another_domain_is_ignored(domain):
    for url in (HERE, "http://127.0.0.1/"):
        assert not jar(f"a=1; Domain={domain}", url=url, domains=(*SHARED, "bank.test", "0.0.1")).cookies


@pytest.mark.parametrize(
    ("line", "url", "sent"),
    [
        ("a=1", "https://api.example.com:8443/shop/orders/7", True),
        ("a=1", "http://api.example.com/shop/orders/7", True),
        ("a=1", "https://x.api.example.com/shop/orders/7", False),
        ("a=1; Domain=example.com", "https://other.example.com/shop/orders/7", True),
        ("a=1; Domain=.EXAMPLE.com", "https://example.com/shop/orders/7", True),
        ("a=1; Domain=api.example.com", "https://x.api.example.com/shop/orders/7", True),
        ("a=1; Domain=api.example.com", "https://other.example.com/shop/orders/7", False),
        ("a=1; Domain=example.com", "https://evilexample.com/shop/orders/7", False),
        ("a=1; Domain=com", "https://other.com/shop/orders/7", False),
        ("a=1; Domain=com", "https://other.example.com/shop/orders/7", False),
        ("a=1; Domain=other.example.com", "https://other.example.com/shop/orders/7", False),
        ("a=1; Secure", "https://api.example.com:8443/shop/orders/7", True),
        ("a=1; Secure", "http://api.example.com/shop/orders/7", False),
    ],
)
def test_in_a_domain_that_is_named_rfc_6265_holds(line, url, sent):
    assert bool(jar(line, domains=SHARED).header(url)) is sent


def test_in_no_other_domain_it_does():
    assert not jar("a=1; Domain=shop.test", url="https://a.shop.test/", domains=SHARED).header("https://b.shop.test/")
    assert not jar("a=1; Domain=test", url="https://a.test/", domains=("a.test",)).header("https://b.a.test/")


WEAK = ["sid=evil; Domain=example.com; Path=/", "sid=evil; Domain=example.com; Path=/; Secure", "sid=evil; Path=/shop"]


@pytest.mark.attack("cookies", "an answer without TLS sets, hides or takes back a Secure cookie")
@pytest.mark.parametrize("line", [*WEAK, "sid=; Domain=example.com; Path=/; Max-Age=0"])
def test_without_tls_no_secure_cookie_is_set_or_hidden(line):
    kept = jar("sid=good; Domain=example.com; Path=/; Secure", domains=SHARED)
    kept = kept.after("http://evil.example.com/", (("Set-Cookie", line.replace("/shop", "/")),))
    kept = kept.after("http://api.example.com/", (("Set-Cookie", line),))
    assert kept.header(HERE) == "sid=good"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("__Secure-a=1", False),
        ("__Secure-a=1; Secure", True),
        ("__secure-a=1; Domain=api.example.com", False),
        ("__Secure-a=1; Secure; Domain=example.com", True),
        ("__Host-a=1; Path=/", False),
        ("__Host-a=1; Secure", False),
        ("__Host-a=1; Secure; Path=/shop", False),
        ("__Host-a=1; Secure; Path=/", True),
        ("__HOST-a=1; Secure; Path=/; Domain=api.example.com", False),
        ("__Host-a=1; Secure; Path=/; Domain=", True),
        ("__Hosts=1", True),
    ],
)
@pytest.mark.parametrize("domains", [(), SHARED])
def test_a_prefix_of_a_name_is_kept(line, kept, domains):
    assert bool(jar(line, domains=domains).header("https://api.example.com/shop/orders/7")) is kept


def test_in_a_domain_that_is_named_a_prefix_keeps_other_hosts_out():
    kept = jar("__Host-a=1; Secure; Path=/", domains=SHARED)
    kept = kept.after("https://evil.example.com/", (("Set-Cookie", "__Host-a=2; Secure; Path=/; Domain=example.com"),))
    assert kept.header(HERE) == "__Host-a=1"


@pytest.mark.attack("cookies", "so many cookies that others are pushed out, or the state grows without end")
@pytest.mark.parametrize(
    ("lines", "beyond"),
    [
        (["sid=" + "x" * 4092], ""),
        (["sid=" + "x" * 4093], "cookie 'sid' has more than 4,096 characters (cookie_characters)"),
        (["n" * 4096 + "="], f"cookie '{'n' * 60}...' has more than 4,096 characters (cookie_characters)"),
        (["sid=" + "x" * 5000 + "; Max-Age=0"], ""),
        (["sid=" + "x" * 5000, "sid=2"], ""),
        ([f"n{number}=x" for number in range(299)], ""),
        (
            [f"n{number}=x" for number in range(400)],
            "cookie 'n299' is one more than the 300 that a run keeps (cookies)",
        ),
    ],
)
def test_what_is_beyond_a_limit_is_told_and_nothing_is_pushed_out(lines, beyond):
    kept = jar("good=1; Path=/").after("https://other.example.com/", tuple(("Set-Cookie", line) for line in lines))
    assert (kept.header(HERE), kept.beyond) == ("good=1", beyond)


def test_it_goes_to_json_and_back():
    kept = jar("a=1; Domain=example.com; Max-Age=5", "b=2; Secure", domains=SHARED)
    adapter = TypeAdapter(Jar)
    assert adapter.validate_python(read_own_json(write_json(as_json(adapter.dump_python(kept))))) == kept
    with pytest.raises(ValueError, match="cookie"):
        adapter.validate_python({"cookie": []})


def test_it_has_no_clock_of_its_own():
    late = datetime(2300, 1, 1, tzinfo=timezone.utc).timestamp()
    kept = Jar(at=late).after(HERE, (("Set-Cookie", "a=1; Expires=Wed, 01 Jan 2200 00:00:00 GMT"), ("X", "b=1")))
    assert not kept.cookies
    assert Jar(at=0.0).after(HERE, (("Set-Cookie", "a=1; Expires=Wed, 01 Jan 1975 00:00:00 GMT"),)).cookies
