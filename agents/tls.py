"""Encrypted connections: whom we trust, who we are, and what went wrong in one line."""

import errno
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

_NO_PASSWORD = ""
"""Given where none is set: OpenSSL would ask on the terminal."""
_CLOSED = (ConnectionResetError, BrokenPipeError, EOFError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


class UnusableFile(ValueError):  # noqa: N818 - reads as what it is where it is caught
    """A file that TLS cannot use. `kind` says which, and the text why."""

    def __init__(self, kind: Literal["ca", "cert"], why: str) -> None:
        super().__init__(why)
        self.kind = kind


def tls_context(
    *,
    ca_file: Path | None = None,
    cert_file: Path | None = None,
    key_file: Path | None = None,
    key_password: str | None = None,
    check_hostname: bool = True,
) -> ssl.SSLContext:
    """What a client needs for TLS 1.2 or newer. Servers must always show a certificate that an authority of ours signed.

    Without `ca_file` the system's authorities are trusted, with it no other. Raises `UnusableFile`.
    """
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except OSError as error:
        raise UnusableFile("ca", f"no certificates can be read from it: {_why(error)}") from error
    context.check_hostname = check_hostname
    if cert_file:
        try:
            context.load_cert_chain(cert_file, key_file, lambda: key_password or _NO_PASSWORD)
        except OSError as error:
            locked = isinstance(error, ssl.SSLError) and b"ENCRYPTED" in (key_file or cert_file).read_bytes()
            reason = "the key's password is missing or wrong" if locked else _why(error)
            raise UnusableFile("cert", f"certificate and key cannot be used: {reason}") from error
    return context


def explain_tls(error: BaseException, server: Literal["KAFKA", "REDIS"]) -> str | None:
    """What TLS has against the connection and which setting to look at, or None where the matter is another one."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not accepted: {cause.verify_message.rstrip('.')} ({_advice(cause, server)})"
        if isinstance(cause, ssl.SSLError) and "ALERT" in (cause.reason or ""):
            return f"it does not accept us: {_why(cause)} (see TWINWATCH_{server}_SSL_CERT_FILE)"
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, _CLOSED):
            return f"it does not speak TLS there: {_why(cause)} ({protocol_advice(server)})"
    return None


def was_closed(error: BaseException) -> bool:
    """Whether the server hung up: servers do where one side speaks TLS and the other does not."""
    return any(isinstance(cause, _CLOSED) for cause in _causes(error))


def protocol_advice(server: Literal["KAFKA", "REDIS"]) -> str:
    """Which settings to look at where TLS is spoken on one side only, or the server misses a certificate of ours."""
    protocol = "KAFKA_SECURITY_PROTOCOL" if server == "KAFKA" else "REDIS_URL, rediss:// is TLS"
    return f"see TWINWATCH_{protocol}; TWINWATCH_{server}_SSL_CERT_FILE where it asks for a certificate"


def _advice(error: ssl.SSLCertVerificationError, server: str) -> str:
    # X509_V_ERR_… of OpenSSL's x509_vfy.h
    match error.verify_code:
        case 9 | 10:
            return "the server's certificate has to be renewed"
        case 62 | 64:
            address = "KAFKA_BOOTSTRAP_SERVERS" if server == "KAFKA" else "REDIS_URL"
            return f"see TWINWATCH_{address} and TWINWATCH_{server}_SSL_CHECK_HOSTNAME"
        case _:
            return f"see TWINWATCH_{server}_SSL_CA_FILE"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _why(error: OSError) -> str:
    """OpenSSL's reason or the system's, without the place in OpenSSL's sources."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "unknown").lower().replace("_", " ")
    return error.strerror or errno.errorcode.get(error.errno or 0, type(error).__name__)
