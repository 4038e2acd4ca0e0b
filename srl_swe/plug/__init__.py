"""How a new repository comes in, and how tasks are made from it."""
