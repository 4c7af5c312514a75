"""What goes in and out over HTTP, without any sockets."""
