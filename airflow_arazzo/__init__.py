"""Apache Airflow provider that turns Arazzo workflow documents into DAGs and runs them."""

__version__ = "0.1.0"
