"""One importer per store of public trajectories."""
