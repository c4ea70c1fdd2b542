"""A finger lifts off and presses on elsewhere while the others hold: planned and played."""
