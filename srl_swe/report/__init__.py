"""What happened? A page for people."""
