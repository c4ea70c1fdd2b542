"""Who commands the hand."""
