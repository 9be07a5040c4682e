"""Reports of benchmark runs: one self-contained HTML file from run records. Needs no TensorFlow."""

from larq_focal.report.markdown import markdown_table
from larq_focal.report.page import write_report
from larq_focal.report.program_page import write_program_page
from larq_focal.report.records import RecordError, check_record, read_records

__all__ = ["RecordError", "check_record", "markdown_table", "read_records", "write_program_page", "write_report"]
