"""The control loop in real time, and trials of it."""
