"""Credentials for requests, without Airflow: OAuth tokens, security schemes, TLS."""
