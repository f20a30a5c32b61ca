"""The files by which others run it on several machines: what they name is there."""

from __future__ import annotations

import re
import subprocess
import tomllib
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from typer.main import get_command

from rag import config
from rag.cli.main import cli
from rag.config import Settings
from rag.database import Postgres
from rag.index.qdrant import is_location
from rag.web.guard import _DATA, _POSTED, API, SIGN_OUT

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"


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


def test_an_image_is_made_of_the_program_alone() -> None:
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    patterns = [line for line in lines if not line.startswith("#")]
    assert patterns[0] == "*", "first nothing, then what is needed"
    taken = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = build["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], build["project"]["readme"]}
    assert taken == needed | {"pyproject.toml", "constraints.txt", "LICENSE"}


def test_what_a_server_keeps_in_a_checkout_is_not_committed() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    home = Settings(home=ROOT, cache=ROOT)
    own = [
        *(home.accounts, home.projects, home.models, home.home / "audit.jsonl.1"),
        *(home.sources / "letter.txt", home.sources.parent / "removed" / "letter.txt"),
        *(home.sources.parent / "before-20260101" / "projects", home.home / "backup.zip"),
        *(DEPLOY / ".env", DEPLOY / "certs" / "site.pem"),
    ]
    command = ["git", "check-ignore", *(str(path.relative_to(ROOT)) for path in own)]
    ignored = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ignored.stdout.splitlines() == command[2:], ignored.stderr


def test_the_proxy_limits_what_costs_and_not_the_files_of_a_page() -> None:
    shown = (ROOT / "SECURITY.md").read_text().partition("With nginx:")[2]
    [limited] = re.findall(r"location ~ (\S+) \{\n\s+limit_req ", shown)
    assert shown.count("limit_req ") == 1
    for path in _DATA + _POSTED:
        light = path.endswith((SIGN_OUT, "/cancel", "/reset"))
        assert bool(re.search(limited, path)) is not light, path
    for path in ("/", "/theme.css", "/assets/x.js", "/static/x", f"{API}/upload_progress"):
        assert not re.search(limited, path), path
