"""Things people hand to a library by mistake, one row each, with the answer they must get."""
