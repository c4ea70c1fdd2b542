"""What the registry refuses."""

from configs.errors import UserError


class RegistryError(UserError):
    """A model, version or record that the registry does not have; one line with the remedy."""
