"""A Gmail of our own: Google's protocol on the wire, its oddities included, and a control interface to provoke them."""
