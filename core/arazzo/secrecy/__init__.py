"""What is secret by name, schema and place; the ledger of a run's secrets; taking secrets out of texts."""
