"""The numbers: a ReportQuery in, rows out."""
