"""Opens sessions at mail providers: TLS first, its certificate and host name verified, then the password."""

import smtplib
import ssl
from collections.abc import Callable, Container
from typing import Final

from shared.adapters.smtp.client import Client, EncryptedClient
from shared.adapters.smtp.session import SmtpSession
from shared.adapters.smtp.watch import Watch
from shared.domain.provider import Provider, Security
from shared.errors import Refused, Transient

CONNECT_SECONDS: Final = 30.0
ANSWER_SECONDS: Final = 15.0
_READY: Final = 220
_PERMANENT: Final = 500


class SmtpProviders:
    """Sessions over the standard library's client.

    `password` gives the password of a provider that has a user name; it is asked for only once the connection is
    encrypted. `authorities` are certificates (PEM) that are trusted beside the system's. `inside` are the hosts that
    need not be on the public internet: the deployment's own.
    """

    def __init__(
        self, password: Callable[[Provider], str], *, authorities: str = "", inside: Container[str] = ()
    ) -> None:
        self._password, self._inside = password, inside
        self._tls = ssl.create_default_context()
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        if authorities:
            self._tls.load_verify_locations(cadata=authorities)

    def open(self, provider: Provider) -> SmtpSession:
        """A session; see the port for what it raises."""
        own_name = provider.sender.address.rpartition("@")[2]
        if provider.security is Security.TLS:
            client: Client = EncryptedClient(local_hostname=own_name, timeout=ANSWER_SECONDS, context=self._tls)
        else:
            client = Client(local_hostname=own_name, timeout=ANSWER_SECONDS)
        client.anywhere = provider.host in self._inside
        try:
            with Watch(client, CONNECT_SECONDS):
                self._connect(client, provider)
        except BaseException:
            client.close()
            raise
        return SmtpSession(client)

    def _connect(self, client: smtplib.SMTP, provider: Provider) -> None:
        # The name that the certificate must have; the library takes it from its constructor only, which connects.
        client._host = provider.host  # type: ignore[attr-defined]  # noqa: SLF001
        try:
            code, _ = client.connect(provider.host, provider.port)
            if code != _READY:
                raise Transient(f"provider: greeting {code}")
            if provider.security is Security.STARTTLS:
                client.starttls(context=self._tls)
            client.ehlo()
        except smtplib.SMTPNotSupportedError as error:
            raise Refused("no_tls", "STARTTLS is not offered") from error
        except smtplib.SMTPResponseException as error:
            if error.smtp_code >= _PERMANENT:
                raise Refused("no_tls", f"STARTTLS refused ({error.smtp_code})") from error
            raise Transient(f"provider: {error.smtp_code}") from error
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, TimeoutError) as error:
            raise Transient(f"provider: {type(error).__name__}") from error
        except ssl.SSLError as error:
            raise Refused("tls", type(error).__name__) from error
        except (OSError, UnicodeError, smtplib.SMTPException) as error:
            raise Transient(f"provider: {type(error).__name__}") from error
        if provider.username:
            _sign_in(client, provider.username, self._password(provider))


def _sign_in(client: smtplib.SMTP, username: str, password: str) -> None:
    try:
        client.login(username, password)
    except smtplib.SMTPResponseException as error:
        if error.smtp_code >= _PERMANENT:
            raise Refused("password", f"AUTH refused ({error.smtp_code})") from error
        raise Transient(f"provider: AUTH {error.smtp_code}") from error
    except (smtplib.SMTPNotSupportedError, UnicodeError) as error:
        raise Refused("password", f"no way to sign in: {type(error).__name__}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Transient(f"provider: {type(error).__name__}") from error
