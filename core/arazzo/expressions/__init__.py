"""Runtime expressions (Arazzo 1.1.0, Runtime Expressions): parsing, templates, evaluation, selectors."""
