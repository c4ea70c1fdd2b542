"""The simulated world: hand, objects, engines, episodes, and the task over them."""
