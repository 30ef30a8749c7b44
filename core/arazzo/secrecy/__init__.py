"""What is secret by name, schema and place; the ledger of a run's secrets; taking secrets out of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arazzo.lazy_names import imported_when_used

if TYPE_CHECKING:
    from arazzo.secrecy.concealing import CONCEALED, Conceal, conceal, hide, spellings
    from arazzo.secrecy.credential_places import gives_credential
    from arazzo.secrecy.secrets import Secrets, credentials, exposed_secrets, secrets_in
    from arazzo.secrecy.sensitive_names import is_sensitive, names_credential, secret_inputs, sensitive_members
    from arazzo.secrecy.unescaping import replace_escaped
else:
    __getattr__ = imported_when_used(
        __name__,
        {
            "arazzo.secrecy.concealing": "CONCEALED Conceal conceal hide spellings",
            "arazzo.secrecy.credential_places": "gives_credential",
            "arazzo.secrecy.secrets": "Secrets credentials exposed_secrets secrets_in",
            "arazzo.secrecy.sensitive_names": "is_sensitive names_credential secret_inputs sensitive_members",
            "arazzo.secrecy.unescaping": "replace_escaped",
        },
    )
