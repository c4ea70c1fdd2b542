"""Deployment: pull and verify, the control loop, safety, drivers; free of torch."""
