"""Dataset versions: compared, merged, exported, cleaned up."""
