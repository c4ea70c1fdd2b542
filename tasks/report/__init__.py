"""The report of a run: its page, its plots and tables, and summary.json."""
