"""Checks that docker-compose.yml, the broker's definitions, Prometheus's settings and the documents name the same things.

    agreement.py FOLDER DOCUMENT...
"""

import json
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

import yaml

folder = Path(sys.argv[1])
text = (folder / "docker-compose.yml").read_text(encoding="utf-8")
services = yaml.safe_load(text)["services"]
settings = services["worker"]["environment"]
definitions = json.loads((folder / "deploy/compose/definitions.json").read_text(encoding="utf-8"))
prometheus = yaml.safe_load((folder / "deploy/compose/prometheus.yml").read_text(encoding="utf-8"))
problems = []


def expect(holds, problem):
    if not holds:
        problems.append(problem)


queues = {queue["name"]: queue for queue in definitions["queues"]}
exchanges = {exchange["name"] for exchange in definitions["exchanges"]}
bound = {}
for binding in definitions["bindings"]:
    expect(binding["source"] in exchanges, f"a binding names the exchange {binding['source']}")
    expect(binding["destination"] in queues, f"a binding names the queue {binding['destination']}")
    bound.setdefault((binding["source"], binding["routing_key"]), []).append(binding["destination"])

step, exchange = settings["ELASTICIO_LISTEN_MESSAGES_ON"], settings["ELASTICIO_PUBLISH_MESSAGES_TO"]
expect(step in queues, f"the broker has no queue {step}")
expect(exchange in exchanges, f"the broker has no exchange {exchange}")
for name, key in settings.items():
    if name.endswith("_ROUTING_KEY"):
        expect((exchange, key) in bound, f"no queue is bound to {name}={key}")
for queue in queues.values():
    if "x-dead-letter-exchange" in queue["arguments"]:
        way = queue["arguments"]["x-dead-letter-exchange"], queue["arguments"]["x-dead-letter-routing-key"]
        expect(way in bound, f"dead letters of {queue['name']} go nowhere: {way}")
rebounds = bound.get((exchange, settings["ELASTICIO_REBOUND_ROUTING_KEY"]), [None])[0]
way = queues.get(rebounds, {}).get("arguments", {})
back = bound.get((way.get("x-dead-letter-exchange"), way.get("x-dead-letter-routing-key")))
expect(back == [step], f"rebounds do not come back to {step} but to {back}")

address = urlsplit(settings["ELASTICIO_AMQP_URI"])
users = {user["name"]: user["password"] for user in definitions["users"]}
expect(users.get(address.username) == address.password, "the worker's user is not the broker's")
for name in ("ELASTICIO_AMQP_URI", "ELASTICIO_API_URI", "PODIO_API_URL"):
    host = urlsplit(settings[name]).hostname
    expect(host in services, f"{name} names the host {host}, which is no service")

port = settings["PODIO_HTTP_ADDRESS"].rpartition(":")[2]
targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in prometheus["scrape_configs"]}
expect(targets["podio-component"] == [f"worker:{port}"], f"Prometheus scrapes {targets['podio-component']}")
expect(targets["rabbitmq"] == ["rabbitmq:15692"], f"Prometheus scrapes {targets['rabbitmq']}")
mounted = {}
for name, service in services.items():
    for volume in service.get("volumes", []):
        source, target, _ = volume.split(":")
        mounted[target] = name
        expect((folder / source).is_file(), f"{name}: there is no file {source}")
for rules in prometheus["rule_files"]:
    expect(mounted.get(rules) == "prometheus", f"Prometheus has no file {rules}")

# What people are told to type: in the file's own head, and in every document's block that names its queue.
shown = 0
for source in [folder / "docker-compose.yml", *map(Path, sys.argv[2:])]:
    blocks = re.findall(r"export (ELASTICIO_.*?)\n(?:#   |    )?cargo", source.read_text(encoding="utf-8"), re.S)
    for block in blocks:
        for name, value in re.findall(r"(\w+)=(\S+)", block):
            shown += 1
            if name == "ELASTICIO_AMQP_URI":
                expected = f"amqp://{address.username}:{address.password}@127.0.0.1:{address.port}/%2f"
            else:
                expected = settings.get(name)
            expect(value == expected, f"{source}: {name}={value}, but the worker has {expected}")
expect(shown > 8, f"only {shown} settings are shown to people")

for problem in problems:
    print(f"compose-check: {problem}", file=sys.stderr)
print(f"{len(queues)} queues, {len(definitions['bindings'])} bindings, {len(services)} services, {len(problems)} problems")
sys.exit(bool(problems))
