"""Which steps make up a run, the Prefect flow, and the command line."""
