"""Reports of benchmark runs: one self-contained HTML file from run records. Needs no TensorFlow."""

from larq_focal.bench.records.checks import RecordError, check_record
from larq_focal.bench.records.record_file import read_records
from larq_focal.bench.records.table import markdown_table
from larq_focal.report.page import write_report
from larq_focal.report.program_page import write_program_page

__all__ = ["RecordError", "check_record", "markdown_table", "read_records", "write_program_page", "write_report"]
