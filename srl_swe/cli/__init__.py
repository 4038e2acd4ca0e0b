"""One command per sentence of the README."""
