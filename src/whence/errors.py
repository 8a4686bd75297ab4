"""Errors for faults in the user's input, files or machine."""


class InputError(ValueError):
    """One helpful line: what is wrong, where, and how to fix it. The command line exits with code 2."""


class MissingPackage(InputError, ImportError):
    """A package that an extra installs is not here; the line says which extra."""


class VerificationError(ValueError):
    """A check that the user asked for found a fault. The command line exits with code 1."""
