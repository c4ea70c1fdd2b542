"""Goals: what a hand is asked for next, one module for each skill."""
