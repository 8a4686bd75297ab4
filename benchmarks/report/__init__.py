"""`report.html`: a run as one page, with its pictures and sounds."""

from .page import write_report

__all__ = ["write_report"]
