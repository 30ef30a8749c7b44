"""A client for the mock of the demo."""

from mock_client import start

__all__ = ["start"]
