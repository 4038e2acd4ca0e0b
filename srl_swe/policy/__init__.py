"""Who acts: engines that turn prompts into samples, behind one narrow protocol."""
