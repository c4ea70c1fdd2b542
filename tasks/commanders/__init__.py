"""Imperfect commanders: what becomes of an expert's command before anyone helps."""
