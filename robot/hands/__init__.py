"""Hands that take joint targets."""
