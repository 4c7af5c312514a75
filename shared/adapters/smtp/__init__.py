"""Mail providers over SMTP (RFC 5321), never without TLS (RFC 3207, RFC 8314)."""
