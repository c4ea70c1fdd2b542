"""Clean experts become a student that reads what a spoilt command means."""
