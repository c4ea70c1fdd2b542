"""Recorded episodes: their frames, their shards and what a manifest says of them."""
