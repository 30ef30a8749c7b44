"""An engine for Arazzo documents: load, validate, compile and run workflows over HTTP APIs."""

from __future__ import annotations

__version__ = "0.1.0"
