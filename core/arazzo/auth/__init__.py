"""Credentials into requests, without Airflow: OAuth tokens, security schemes, TLS."""
