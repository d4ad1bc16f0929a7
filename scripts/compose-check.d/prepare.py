"""Writes what docker-compose.yml's services need to run on this machine without containers, with other addresses and
otherwise as it says.

    prepare.py OUT broker PORTS      rabbitmq.conf (with what a test's node needs), definitions.json, enabled_plugins
    prepare.py OUT worker HOST=...   the worker's environment, one NAME=VALUE a line
    prepare.py OUT prometheus HOST=...  prometheus.yml

HOST=ADDRESS replaces a service's name and port, such as rabbitmq:5672=127.0.0.1:5701.
"""

import json
import sys
from pathlib import Path

import yaml

out, part, *given = sys.argv[1:]
out = Path(out)


def here(text):
    """The text with the addresses of this machine."""
    for pair in given:
        name, _, address = pair.partition("=")
        text = text.replace(name, address)
    return text


if part == "broker":
    management, prometheus = given
    source = Path("deploy/compose")
    settings = (source / "rabbitmq.conf").read_text(encoding="utf-8")
    placed = settings.replace("/etc/rabbitmq/definitions.json", str(out / "definitions.json"))
    if placed == settings:
        sys.exit("compose-check: rabbitmq.conf loads no definitions")
    ports = f"management.tcp.port = {management}\nprometheus.tcp.port = {prometheus}\n"
    local = "management.tcp.ip = 127.0.0.1\nprometheus.tcp.ip = 127.0.0.1\n"
    (out / "tls.conf").write_text(placed + ports + local, encoding="utf-8")
    definitions = json.loads((source / "definitions.json").read_text(encoding="utf-8"))
    # The script that starts the node asks it as guest whether it is ready.
    definitions["users"].append({"name": "guest", "password": "guest", "tags": ["administrator"]})
    definitions["permissions"].append({**definitions["permissions"][0], "user": "guest"})
    (out / "definitions.json").write_text(json.dumps(definitions), encoding="utf-8")
    (out / "enabled_plugins").write_text((source / "enabled_plugins").read_text(encoding="utf-8"), encoding="utf-8")
elif part == "worker":
    settings = yaml.safe_load(Path("docker-compose.yml").read_text(encoding="utf-8"))["services"]["worker"]["environment"]
    lines = [f"{name}={here(value)}\n" for name, value in settings.items()]
    (out / "worker.env").write_text("".join(lines), encoding="utf-8")
else:
    text = here(Path("deploy/compose/prometheus.yml").read_text(encoding="utf-8"))
    (out / "prometheus.yml").write_text(text, encoding="utf-8")
