"""The version store on a lakeFS server."""
