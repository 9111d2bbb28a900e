"""Servers as an installation should have them: encrypted, with users of least privilege, and certificates made here."""

import os
import shlex
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from socket import socket
from urllib.parse import quote

import trustme
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from cryptography.hazmat.primitives import serialization

from tests.servers import LONG_ENOUGH, KafkaServer, RedisServer, free_port, run

DEPLOY = Path(__file__).parents[1] / "deploy"
HOST = "127.0.0.1"
USERS = {
    name: f"the-password-of-{name}"
    for name in (
        "super",
        "twinwatch",
        "twinwatch-admin",
        "twinwatch-operator",
        "twinwatch-moderator",
        "platform",
        "moderation",
    )
}
"""Users of Kafka with their passwords. Each may log in by SCRAM-SHA-512, and the platform by SCRAM-SHA-256."""
WORKER_PASSWORD = "the-password-of-a-worker-in-Redis"
PRIVACY_PASSWORD = "the-password-of-who-forgets-in-Redis"
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Authority:
    """An authority that signs certificates, and the files that it hands out."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ca = trustme.CA()
        self.file = directory / "authority.pem"
        self._ca.cert_pem.write_to_path(self.file)

    def issue(self, name: str, *hosts: str, expired: bool = False) -> tuple[Path, Path]:
        """Certificate and key, as PEM files. Kafka reads keys in PKCS #8 only."""
        issued = self._ca.issue_cert(*hosts, common_name=name, not_after=_LONG_AGO if expired else None)
        cert, key = self._directory / f"{name}.pem", self._directory / f"{name}.key.pem"
        cert.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
        key.write_bytes(
            serialization.load_pem_private_key(issued.private_key_pem.bytes(), None).private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return cert, key


def acl_file(directory: Path) -> Path:
    """`deploy/redis/users.acl` with passwords, as docs/security.md says, and a user who may do everything."""
    text = (DEPLOY / "redis" / "users.acl").read_text(encoding="utf-8")
    for user, password in (("WORKER", WORKER_PASSWORD), ("PRIVACY", PRIVACY_PASSWORD)):
        text = text.replace(f"{user}_PASSWORD_SHA256", sha256(password.encode()).hexdigest())
    path = directory / "users.acl"
    path.write_text(f"{text}user super on >{USERS['super']} ~* &* +@all\n", encoding="utf-8")
    return path


class GuardedRedis(RedisServer):
    """A Redis-compatible server that knows the users of an ACL file: `url` is a worker's, `super_url` may do everything."""

    scheme = "redis"

    def __init__(self, binary: Path, users: Path, **more: str) -> None:
        super().__init__(binary, aclfile=str(users), **more)
        self.url = self._url("twinwatch", WORKER_PASSWORD)
        self.privacy_url = self._url("twinwatch-privacy", PRIVACY_PASSWORD)
        self.super_url = self._url("super", USERS["super"])

    def _url(self, user: str, password: str) -> str:
        return f"{self.scheme}://{user}:{quote(password)}@{HOST}:{self.port}/0"

    def answers(self) -> bool:
        # whom it lets in is what tests are about: here it is enough that it listens
        with socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0


class SecureRedis(GuardedRedis):
    """One that speaks nothing but TLS besides. Its `url` names no user, so that settings can."""

    scheme = "rediss"

    def __init__(
        self, binary: Path, authority: Authority, certificate: tuple[Path, Path], *, mutual: bool = False
    ) -> None:
        cert, key = certificate
        super().__init__(
            binary,
            acl_file(authority.file.parent),
            tls_cert_file=str(cert),
            tls_key_file=str(key),
            tls_ca_cert_file=str(authority.file),
            tls_auth_clients="yes" if mutual else "no",
        )
        # what was a plain port becomes the one for TLS
        self._command += ["--port", "0", "--tls-port", str(self.port)]
        self.url = f"rediss://{HOST}:{self.port}/0"


class SecureKafka(KafkaServer):
    """A genuine Kafka that lets nobody in without TLS, asks who it is, and denies what `deploy/kafka/acls.sh` does not allow.

    It listens four times: `bootstrap_servers` is as it should be, over SASL_SSL; `expired` and `elsewhere` show a certificate
    that is too old or made out to another host; `mutual` asks for a certificate instead of a password.
    """

    def __init__(self, authority: Authority) -> None:
        ports = {name: free_port() for name in ("SASL", "EXPIRED", "ELSEWHERE", "MUTUAL", "CONTROLLER")}
        directory = authority.file.parent
        keystores = {
            "sasl": authority.issue("broker", HOST),
            "expired": authority.issue("expired", HOST, expired=True),
            "elsewhere": authority.issue("elsewhere", "elsewhere.example"),
            "mutual": authority.issue("mutual", HOST),
        }
        properties = {
            "listeners": ",".join(f"{name}://{HOST}:{port}" for name, port in ports.items()),
            "listener.security.protocol.map": (
                "SASL:SASL_SSL,EXPIRED:SASL_SSL,ELSEWHERE:SASL_SSL,MUTUAL:SSL,CONTROLLER:PLAINTEXT"
            ),
            "controller.quorum.voters": f"1@{HOST}:{ports['CONTROLLER']}",
            "inter.broker.listener.name": "SASL",
            "sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            # the controller's own connection, on a listener that clients cannot use
            "super.users": "User:super;User:ANONYMOUS",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(authority.file),
            "ssl.keystore.type": "PEM",
            "listener.name.mutual.ssl.client.auth": "required",
            "listener.name.mutual.ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/",
        }
        for listener, (cert, key) in keystores.items():
            store = directory / f"{listener}.keystore.pem"
            store.write_bytes(key.read_bytes() + cert.read_bytes())
            properties[f"listener.name.{listener}.ssl.keystore.location"] = str(store)
            for mechanism in ("256", "512") if listener != "mutual" else ():
                properties[f"listener.name.{listener}.scram-sha-{mechanism}.sasl.jaas.config"] = (
                    "org.apache.kafka.common.security.scram.ScramLoginModule required "
                    f'username="super" password="{USERS["super"]}";'
                )
        users = [f"SCRAM-SHA-512=[name={name},password={password}]" for name, password in USERS.items()]
        users.append(f"SCRAM-SHA-256=[name=platform,password={USERS['platform']}]")
        super().__init__(users, joins=None, **properties)
        self.port = ports["SASL"]
        self.bootstrap_servers, self.expired, self.elsewhere, self.mutual = (
            f"{HOST}:{ports[name]}" for name in ("SASL", "EXPIRED", "ELSEWHERE", "MUTUAL")
        )
        self.authority = authority
        self.client = self.client_of("super")

    def client_of(self, user: str, mechanism: str = "SCRAM-SHA-512") -> dict[str, str]:
        """What a client of librdkafka's needs to log in as the user."""
        return {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": mechanism,
            "sasl.username": user,
            "sasl.password": USERS[user],
            "ssl.ca.location": str(self.authority.file),
        }

    def settings_of(self, user: str) -> dict[str, object]:
        """The settings by which twinwatch logs in as the user."""
        return {
            "kafka_bootstrap_servers": self.bootstrap_servers,
            "kafka_security_protocol": "SASL_SSL",
            "kafka_sasl_username": user,
            "kafka_sasl_password": USERS[user],
            "kafka_ssl_ca_file": self.authority.file,
        }

    def admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0, **self.client})

    def allow(self, bindings: list[AclBinding]) -> None:
        admin = self.admin()
        for created in admin.create_acls(bindings, request_timeout=LONG_ENOUGH).values():
            created.result(LONG_ENOUGH)

    def forbid(self, binding: AclBinding) -> None:
        """Take a permission away."""
        admin = self.admin()
        [deleted] = admin.delete_acls([_exactly(binding)], request_timeout=LONG_ENOUGH).values()
        assert len(deleted.result(LONG_ENOUGH)) == 1


def _exactly(b: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        b.restype, b.name, b.resource_pattern_type, b.principal, b.host, b.operation, b.permission_type
    )


def bindings_of_acls_script(directory: Path, environment: Mapping[str, str]) -> list[AclBinding]:
    """What `deploy/kafka/acls.sh` would have Kafka's own tool do, which would take a Java machine for each line."""
    said = directory / "acls.txt"
    stand_in = directory / "kafka-acls"
    stand_in.write_text(f'#!/usr/bin/env bash\nprintf "%q " "$@" >>{said}\necho >>{said}\n', encoding="utf-8")
    stand_in.chmod(0o755)
    env = {"PATH": os.environ["PATH"], "KAFKA_ACLS": str(stand_in), **environment}
    done = run("bash", DEPLOY / "kafka" / "acls.sh", env=env)
    assert done.returncode == 0, done.stderr
    return [binding for line in said.read_text("utf-8").splitlines() for binding in _bindings(shlex.split(line))]


def _bindings(arguments: list[str]) -> Iterator[AclBinding]:
    parser = ArgumentParser(exit_on_error=False)
    for flag in ("--add", "--force"):
        parser.add_argument(flag, action="store_true", required=True)
    parser.add_argument("--allow-principal", required=True)
    parser.add_argument("--operation", required=True)
    parser.add_argument("--topic", action="append", default=[])
    parser.add_argument("--group", action="append", default=[])
    told = parser.parse_args(arguments)
    for kind, names in ((ResourceType.TOPIC, told.topic), (ResourceType.GROUP, told.group)):
        for name in names:
            yield AclBinding(
                kind,
                name,
                ResourcePatternType.LITERAL,
                told.allow_principal,
                "*",
                AclOperation[told.operation.upper()],
                AclPermissionType.ALLOW,
            )
