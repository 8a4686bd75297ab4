"""`report.html`: a run as one page, with its pictures and sounds."""
