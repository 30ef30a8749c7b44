"""Text to located values: YAML 1.2 or JSON in, plain values out, and the place of each one on request.

YAML is read by the 1.2 core schema (YAML 1.2.2, 10.3), narrowed to what JSON can say: ``on``, ``no``, ``012``, dates
and ``.inf`` are text, keys are text, ``<<`` is a key like others. Aliases share one value, and the size of a file with
its aliases written out is bounded. Places cost a second reading of the text, which only files with problems pay for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from arazzo.lazy_names import imported_when_used

if TYPE_CHECKING:
    from arazzo.source.copies import Copies, CopyError, is_remote
    from arazzo.source.locations import one_line
    from arazzo.source.text import Source, load_source, parse_source
    from arazzo.source.written_secrets import is_written_secret
else:
    __getattr__ = imported_when_used(
        __name__,
        {
            "arazzo.source.copies": "Copies CopyError is_remote",
            "arazzo.source.locations": "one_line",
            "arazzo.source.text": "Source load_source parse_source",
            "arazzo.source.written_secrets": "is_written_secret",
        },
    )
