"""Who is imitated, step by step."""
