"""A dataset in LeRobot's format."""
