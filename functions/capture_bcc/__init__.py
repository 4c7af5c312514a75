"""Mail that comes to the auto-BCC addresses."""
