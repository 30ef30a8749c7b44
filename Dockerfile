# Airflow's own image with this provider in it, at the versions that constraints.txt names.
FROM apache/airflow:3.3.2

COPY --chown=airflow:0 pyproject.toml constraints.txt README.md LICENSE /opt/airflow-arazzo/
COPY --chown=airflow:0 core /opt/airflow-arazzo/core
COPY --chown=airflow:0 airflow_arazzo /opt/airflow-arazzo/airflow_arazzo
COPY --chown=airflow:0 dags /opt/airflow-arazzo/dags

WORKDIR /opt/airflow-arazzo
RUN pip install --no-cache-dir --constraint constraints.txt editables hatchling \
 && pip install --no-cache-dir --no-build-isolation --constraint constraints.txt ./core '.[celery]'
WORKDIR /opt/airflow
