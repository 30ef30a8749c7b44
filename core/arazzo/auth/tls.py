"""The TLS settings of a connection: read once, and the same for threads and event loops."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from functools import lru_cache

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from arazzo.auth.connection_settings import ConnectionSettings
from arazzo.errors import ConnectionSettingsError

_FIELDS = ("cert", "key")
#: Variables that name authorities in the environment: for requests and curl, then for OpenSSL.
_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


def authorities(settings: ConnectionSettings) -> bool | str:
    """Return the file or folder of the authorities to trust, or False to trust every certificate.

    Those of the connection, or those of the environment if that is trusted, or those that come with ``requests``.
    """
    variable = _variable(settings)
    return os.environ[variable] if variable else DEFAULT_CA_BUNDLE_PATH if settings.verify is True else settings.verify


def tls_context(settings: ConnectionSettings, connection: str) -> ssl.SSLContext:
    """Return the TLS settings as ``requests`` would apply them, with all files loaded.

    :param connection: the connection's name in messages.
    :raises ConnectionSettingsError: if a file cannot be used, naming the connection and the field.
    """
    trusted, variable = authorities(settings), _variable(settings)
    files = (settings.cert,) if isinstance(settings.cert, str) else settings.cert or ()
    place = f"environment variable {variable}" if variable else f"{connection}, extra 'verify'"
    stamps = [_stamp(trusted, place)] if isinstance(trusted, str) else []
    stamps += [_stamp(path, f"{connection}, extra '{field}'") for path, field in zip(files, _FIELDS, strict=False)]
    return _trusting(trusted, files, tuple(stamps), place, f"{connection}, extra 'cert'")


def _variable(settings: ConnectionSettings) -> str | None:
    """Return the environment variable that names the authorities to trust; None if none counts."""
    if settings.verify is not True or not settings.trust_env:
        return None
    return next((name for name in _VARIABLES if os.environ.get(name)), None)


@lru_cache(maxsize=32)
def _trusting(
    trusted: bool | str, files: tuple[str, ...], _: tuple[tuple[int, int], ...], place: str, own: str
) -> ssl.SSLContext:
    """Return a context, newly made if a file has changed."""
    folder = isinstance(trusted, str) and os.path.isdir(trusted)
    try:
        context = ssl.create_default_context(
            cafile=None if folder or not trusted else str(trusted), capath=str(trusted) if folder else None
        )
    except (OSError, ValueError):
        raise ConnectionSettingsError(f"{place}: {trusted} contains no CA certificates") from None
    if not trusted:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    if files:
        try:
            context.load_cert_chain(files[0], files[1] if files[1:] else None, _no_passphrase(own))
        except (OSError, ValueError):
            text = f"{' and '.join(files)} hold" if files[1:] else f"{files[0]} holds"
            raise ConnectionSettingsError(f"{own}: {text} no certificate together with its key") from None
    return context


def _no_passphrase(own: str) -> Callable[[], str]:
    """Refuse to ask at the terminal for the passphrase of a key."""

    def refuse() -> str:
        raise ConnectionSettingsError(f"{own}: the key is encrypted with a passphrase; store it without one")

    return refuse


def _stamp(path: str, place: str) -> tuple[int, int]:
    """Return what changes when a file changes."""
    try:
        found = os.stat(path)
        if not os.path.isdir(path):
            with open(path, "rb"):
                pass
    except OSError as error:
        raise ConnectionSettingsError(f"{place}: {path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise ConnectionSettingsError(f"{place} is not a path") from None
    return found.st_mtime_ns, found.st_size
