"""The report of a run: a page, a picture, a summary."""
