"""The step `check`: a dataset meets its expectations before `main` takes it."""
