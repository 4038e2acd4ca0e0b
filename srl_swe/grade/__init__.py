"""Is it solved? A patch in, a verdict out."""
