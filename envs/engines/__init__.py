"""Physics engines behind one protocol: MuJoCo on a CPU, MuJoCo Warp on a GPU."""
