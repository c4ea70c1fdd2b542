"""A step runs: in a process of its own, under an identity, once."""
