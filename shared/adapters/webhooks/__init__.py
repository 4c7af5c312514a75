"""The CRM's receiver of events over HTTPS, signed as Standard Webhooks are."""
