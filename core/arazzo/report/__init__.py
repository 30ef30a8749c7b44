"""What happened in a run, as an HTML page: for a file, and for a page in Airflow."""

from arazzo.report.dag_page import operations_page
from arazzo.report.html_tree import CONTENT_SECURITY_POLICY, page, tag
from arazzo.report.plot import Dot, exchange_dots
from arazzo.report.run_page import ReportedWorkflow, run_page, step_section, workflow_page
