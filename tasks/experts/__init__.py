"""The step `experts`: policies that move an object from grasp to grasp."""
