"""The steps `calibrate`, `baselines` and `evaluate`: answers to spoilt commands, measured."""
