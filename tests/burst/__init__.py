"""Ten thousand mails into one mailbox while a thousand others go on, in simulated time, with workers that overlap."""
