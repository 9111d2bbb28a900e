"""docker-compose.yml as its tests read it."""

import re
from typing import Any

import yaml

from tests.servers import REPOSITORY

SERVICES: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))["services"]


def environment_of(service: str, key: str) -> dict[str, str]:
    """What Compose gives a container where nobody has set more than the pseudonym key."""
    given = {name: str(value) for name, value in SERVICES[service]["environment"].items()}
    given = {name: re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", value) for name, value in given.items()}
    if "TWINWATCH_PSEUDONYM_KEY" in given:
        given["TWINWATCH_PSEUDONYM_KEY"] = key
    return given
