"""How far the hand does what was meant: realised against intended keypoint motion."""

import numpy as np


class IntentionMeter:
    """Compare motion over consecutive segments of a window, environment by environment.

    A segment's intended motion is the sum of what each clean command would have moved the
    keypoints by; its realised motion is what they moved by. The cosine is that of the two as
    vectors of length 3K, and the gain is <realised, intended> / |intended|^2. From the first
    drop of an environment to the window's end, realised motion counts as zero: a hand that has
    lost its object follows nobody. A segment with next to no intended motion is left out.

    Attributes (float64 [N], sums over segments):
        segments: number of segments that count; cosine: their cosines;
        dot: <realised, intended> [m^2]; square: |intended|^2 [m^2].
    """

    def __init__(self, count: int, keypoints: int, steps: int, min_motion: float) -> None:
        self.steps = steps  # control steps of a segment
        self.min_square = keypoints * min_motion**2
        self.realised = np.zeros((count, keypoints, 3))
        self.intended = np.zeros((count, keypoints, 3))
        self.held = np.ones(count, dtype=bool)
        self.step_in_segment = 0
        self.segments, self.cosine, self.dot, self.square = np.zeros((4, count))

    def step(
        self, before: np.ndarray, intended: np.ndarray, after: np.ndarray, dropped: np.ndarray
    ) -> None:
        """Add one control step.

        Args:
            before, after: [N, K, 3] true keypoints around the step, hand frame [m].
            intended: [N, K, 3] displacement that the clean command asks for [m].
            dropped: [N] bool, the object was lost in this step.
        """
        self.realised += after - before
        self.intended += intended
        self.held &= ~dropped
        self.step_in_segment += 1
        if self.step_in_segment == self.steps:
            self.close_segment()

    def close_segment(self) -> None:
        realised = np.where(self.held[:, None, None], self.realised, 0.0)
        dot = np.sum(realised * self.intended, axis=(1, 2))
        square = np.sum(self.intended**2, axis=(1, 2))
        length = np.sqrt(np.sum(realised**2, axis=(1, 2)) * square)
        cosine = np.divide(dot, length, out=np.zeros_like(dot), where=length > 0)
        counts = square >= self.min_square
        self.segments += counts
        self.cosine += np.where(counts, cosine, 0.0)
        self.dot += np.where(counts, dot, 0.0)
        self.square += np.where(counts, square, 0.0)
        self.realised[:], self.intended[:], self.step_in_segment = 0.0, 0.0, 0
