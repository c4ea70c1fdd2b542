"""The steps `rollouts` and `hazards`: an expert's episodes under mixed noise."""
