"""srl-swe: train small open models to fix real repositories.

Importing this package registers the two Gymnasium environments and does nothing else.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
