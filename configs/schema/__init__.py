"""The types of the configuration: one file a step, unknown keys are errors."""
