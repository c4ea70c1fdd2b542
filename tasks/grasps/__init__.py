"""The step `grasps`: proposed, analysed, held in physics."""
