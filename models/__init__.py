"""Mathematics: networks, kinematics, the controller, the bundle and its session."""
