"""Values in YAML, their types, and the layout that every array follows."""
