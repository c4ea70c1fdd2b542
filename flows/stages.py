"""The stages in their order, and what each does."""

DOES = {
    "objects": "validate the objects and their meshes",
    "grasps": "generate grasps, validated in physics",
    "regrasps": "grow a graph of grasps and regrasps, played in physics",
    "experts": "train the expert policies (PPO)",
    "distill": "train the student that reads what spoilt commands mean",
    "rollouts": "roll the experts out into episodes",
    "turns": "roll the planned expert out: turns, regrasp by regrasp",
    "skills": "roll the script out: free fingers and fine rotations",
    "check": "check the dataset and merge it to main",
    "train": "train the controller",
    "hazards": "roll the experts out under bad commands, drops kept",
    "critic": "train the risk critic",
    "calibrate": "choose guidance and caution on validation seeds",
    "export": "export the controller as a bundle",
    "baselines": "measure bare, scaled and smoothed commands, which ask no controller",
    "evaluate": "measure the controller under perturbed commands",
    "promote": "register, decide, sign, promote",
}
STAGES = tuple(DOES)
PER_OBJECT = ("objects", "grasps", "regrasps")  # stages with a node for each object
