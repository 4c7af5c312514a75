"""Known bugs, planted one at a time in a copy of the project, to see that the tests catch each of them."""
