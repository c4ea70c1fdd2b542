"""The step `promote`: candidates are judged, signed and released."""
