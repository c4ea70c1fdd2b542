"""Recorded episodes: shards (the fields are in configs/layout.py), runs and manifests."""
