"""What the registry refuses."""


class RegistryError(ValueError):
    """A model, version or record that the registry does not have; one line with the remedy."""
