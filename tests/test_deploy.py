"""The files by which others run it on several machines: what they name is there."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from typer.main import get_command

from rag import config
from rag.cli.main import cli
from rag.database import Postgres
from rag.index.qdrant import is_location

DEPLOY = Path(__file__).parent.parent / "deploy"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def values() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "values.yaml").read_text())


def test_each_setting_is_one_that_the_program_has(compose: dict[str, Any]) -> None:
    given = compose["services"]["application"]["environment"]
    in_image = re.findall(r"SOURCE_FINDER_\w+", (DEPLOY / "Dockerfile").read_text())
    for name in [*given, *in_image]:
        assert f"`{name}`" in config.__doc__, name


def test_each_address_is_that_of_a_service(compose: dict[str, Any]) -> None:
    services = compose["services"]
    given = services["application"]["environment"]
    database = given["SOURCE_FINDER_DATABASE"].replace("${DATABASE_PASSWORD:?}", "secret")
    index = given["SOURCE_FINDER_INDEX"]
    assert Postgres(database)
    assert is_location(index)
    for address, port in ((database, 5432), (index, 6333)):
        assert urlsplit(address).hostname in services
        assert urlsplit(address).port == port
    user, name = urlsplit(database).username, urlsplit(database).path.strip("/")
    postgres = services["postgres"]["environment"]
    assert (postgres["POSTGRES_USER"], postgres["POSTGRES_DB"]) == (user, name)
    proxy = (DEPLOY / "haproxy.cfg").read_text()
    [(host, port)] = re.findall(r"server-template \S+ \d+ (\w+):(\d+)", proxy)
    assert host in services
    assert f"EXPOSE {port}" in (DEPLOY / "Dockerfile").read_text()


def test_the_command_has_the_options_that_are_given(compose: dict[str, Any]) -> None:
    program, *given = compose["services"]["application"]["command"]
    assert program == "source-finder"
    [serve] = [c for n, c in get_command(cli).commands.items() if n == given[0]]
    with serve.make_context("serve", given[1:]) as context:
        assert context.params["behind_proxy"]
        assert context.params["port"] == 7860


def test_the_proxy_is_one_that_is_believed(compose: dict[str, Any]) -> None:
    believed = compose["services"]["application"]["environment"]["SOURCE_FINDER_PROXIES"]
    [network] = compose["networks"]["default"]["ipam"]["config"]
    assert ip_network(network["subnet"]) == ip_network(believed)
    assert not ip_network(believed).supernet_of(ip_network("127.0.0.1/32"))
    for address in config.PROXIES.split(","):
        assert ip_address(address).is_loopback


def test_images_are_pinned_and_volumes_declared(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.?\d*(-[\w.]+)?", service["image"])
        for volume in service.get("volumes", ()):
            name = volume.partition(":")[0]
            assert name in compose["volumes"] or name.startswith("./")
    assert services["qdrant"]["image"].endswith(f":{values()['image']['tag']}")
    assert re.search(r"^FROM python:3\.1[1-9]\.\d+-", (DEPLOY / "Dockerfile").read_text(), re.M)


def test_a_node_of_the_index_may_fail() -> None:
    given = values()
    copies = given["config"]["storage"]["collection"]["replication_factor"]
    assert 1 < copies <= given["replicaCount"]
    assert given["podDisruptionBudget"]["maxUnavailable"] < copies


def test_the_image_is_made_of_the_package_alone() -> None:
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*", "what is not named stays out: keys, backups, what readers asked"
    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    assert let_in == {
        "pyproject.toml", "constraints.txt", "README.md", "LICENSE", "rag",
        "corpus/catalog",
    }  # fmt: skip
    root = DEPLOY.parent
    assert all((root / name).exists() for name in let_in)
