"""What the CRM tells us of locations, users and contacts."""
