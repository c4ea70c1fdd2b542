"""The steps `train` and `critic`: networks learn from episodes."""
