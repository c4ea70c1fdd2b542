"""The steps, one folder an idea, and the store and registry that they publish to."""
