"""The step `export`: one graph, its manifest, and what it was made from."""
