"""What is to be solved: tasks and the repositories they live in."""
