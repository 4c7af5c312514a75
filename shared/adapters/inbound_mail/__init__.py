"""The receivers that bring mail for the auto-BCC addresses, each with its own proof and its own verdict on senders."""
