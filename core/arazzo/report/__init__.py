"""What happened in a run, as an HTML page: for a file, and for a page in Airflow."""

from arazzo.report.html_tree import CONTENT_SECURITY_POLICY, page, tag
from arazzo.report.plot import Dot, exchange_dots
from arazzo.report.run_page import ReportedWorkflow, operations_page, run_page, step_section, workflow_page
