"""The C text of single steps."""
