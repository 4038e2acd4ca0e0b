"""Where commands run, and do no harm."""
