"""Checks Kubernetes objects, as rendered YAML on standard input, against the schemas of their kinds, and what no schema
says: the settings are complete, selectors find the workers, pods have no more rights than they need.

    kubernetes.py CONFIGURATION.md <rendered.yaml
"""

import base64
import re
import sys

import kubernetes_validate
import yaml
from cloudcoil.models.keda import v1alpha1 as keda
from cloudcoil.models.prometheus_operator import v1 as prometheus_operator

KUBERNETES = "1.32"
CUSTOM = {
    "ScaledObject": keda.ScaledObject,
    "TriggerAuthentication": keda.TriggerAuthentication,
    "ServiceMonitor": prometheus_operator.ServiceMonitor,
    "PrometheusRule": prometheus_operator.PrometheusRule,
}
# What an attempt and its message may take after SIGTERM, and a refreshed credential's way to the store.
DRAIN_SECONDS = 15 + 5 + 240
LONGEST_MESSAGE_SECONDS = 25 * 60

problems = []


def expect(holds, text):
    if not holds:
        problems.append(text)


def differences(given, kept, path=""):
    """What a schema does not know or takes for something else: it is not in `kept` as it is in `given`."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for name, value in given.items():
            if name in kept:
                yield from differences(value, kept[name], f"{path}.{name}")
            else:
                yield f"there is no field {path}.{name}"
    elif isinstance(given, list) and isinstance(kept, list):
        for pair in zip(given, kept):
            yield from differences(*pair, path)
    elif given != kept:
        yield f"{path} is {given!r}, of another type than {kept!r}"


def check_schema(thing):
    name = f"{thing['kind']} {thing['metadata']['name']}"
    if model := CUSTOM.get(thing["kind"]):
        try:
            kept = model.model_validate(thing).model_dump(mode="json", by_alias=True, exclude_unset=True)
        except ValueError as error:
            problems.append(f"{name}: {error}")
            return
        problems.extend(f"{name}: {difference}" for difference in differences(thing, kept))
        return
    try:
        kubernetes_validate.validate(thing, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        problems.append(f"{name}: {error.message} at {'.'.join(map(str, error.path))}")


def documented(file):
    """The settings of the document, and those of them that are required."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \|", open(file, encoding="utf-8").read(), re.M)
    return {name for name, _ in rows}, {name for name, default in rows if default.strip() == "required"}


def check_settings(objects, container, file):
    known, required = documented(file)
    expect(len(required) > 15, f"{file}: only {sorted(required)} are required")
    sources = {
        source.get("configMapRef", source.get("secretRef"))["name"] for source in container["envFrom"]
    }
    given, plain = set(), set()
    for thing in objects:
        if thing["kind"] in ("ConfigMap", "Secret") and thing["metadata"]["name"] in sources:
            sources.remove(thing["metadata"]["name"])
            given |= thing["data"].keys()
            plain |= thing["data"].keys() if thing["kind"] == "ConfigMap" else set()
            if iv := thing["data"].get("ELASTICIO_MESSAGE_CRYPTO_IV"):
                expect(len(base64.b64decode(iv)) == 16, "ELASTICIO_MESSAGE_CRYPTO_IV does not have 16 bytes")
    expect(not sources, f"there is no ConfigMap or Secret {sources}")
    given |= {variable["name"] for variable in container["env"]}
    expect(required <= given, f"required settings are missing: {sorted(required - given)}")
    expect(given <= known, f"settings that the document does not have: {sorted(given - known)}")
    secret = {name for name in plain if re.search(r"KEY$|PASSWORD|AMQP_URI|TOKEN|SECRET|_IV$", name) and "ROUTING" not in name}
    expect(not secret, f"secrets in a ConfigMap: {sorted(secret)}")


def check_pod(template):
    pod, labels = template["spec"], template["metadata"]["labels"]
    container = pod["containers"][0]
    rights, own = pod["securityContext"], container["securityContext"]
    expect(rights["runAsNonRoot"] and rights["runAsUser"] > 0, "the pod may run as root")
    expect(rights["seccompProfile"]["type"] == "RuntimeDefault", "the pod's system calls are not limited")
    expect(own["readOnlyRootFilesystem"], "the root file system can be written to")
    expect(not own["allowPrivilegeEscalation"], "privileges can be gained")
    expect(own["capabilities"]["drop"] == ["ALL"], "capabilities are left")
    expect(pod["automountServiceAccountToken"] is False, "the pod has a token of the cluster")
    expect(pod["terminationGracePeriodSeconds"] > DRAIN_SECONDS, "the pod is killed while it drains")
    address = next(variable["value"] for variable in container["env"] if variable["name"] == "PODIO_HTTP_ADDRESS")
    port = {port["name"]: port["containerPort"] for port in container["ports"]}["http"]
    expect(address == f"0.0.0.0:{port}", f"PODIO_HTTP_ADDRESS={address}, but the port is {port}")
    for probe, path in (("livenessProbe", "/livez"), ("readinessProbe", "/readyz")):
        expect(container[probe]["httpGet"] == {"path": path, "port": "http"}, f"the {probe} asks elsewhere")
    notes = template["metadata"].get("annotations")
    if notes:
        wanted = {"prometheus.io/scrape": "true", "prometheus.io/path": "/metrics", "prometheus.io/port": str(port)}
        expect(notes == wanted, f"the annotations are {notes}")
    return labels, container


def check_selectors(objects, labels):
    """Whatever selects pods or services selects this step's, and only those."""
    for thing in objects:
        spec = thing.get("spec", {})
        selector = {
            "Deployment": lambda: spec["selector"]["matchLabels"],
            "PodDisruptionBudget": lambda: spec["selector"]["matchLabels"],
            "NetworkPolicy": lambda: spec["podSelector"]["matchLabels"],
            "ServiceMonitor": lambda: spec["selector"]["matchLabels"],
            "Service": lambda: spec["selector"],
        }.get(thing["kind"])
        if selector:
            try:
                found = selector()
            except KeyError:
                found = None
            expect(found == labels, f"{thing['kind']} selects {found} instead of {labels}")
        if thing["kind"] == "NetworkPolicy":
            for rule in spec["egress"] + spec["ingress"]:
                for peer in rule.get("to", rule.get("from")):
                    others = peer.get("podSelector", {}).get("matchLabels")
                    expect(others is None, f"NetworkPolicy: a peer has to have the labels {others}")


def check_scaling(objects):
    by_kind = {thing["kind"]: thing for thing in objects}
    if not (scaled := by_kind.get("ScaledObject")):
        return
    spec, trigger = scaled["spec"], scaled["spec"]["triggers"][0]
    settings = next(thing["data"] for thing in objects if thing["kind"] == "ConfigMap")
    queue = settings["ELASTICIO_LISTEN_MESSAGES_ON"]
    expect(spec["scaleTargetRef"]["name"] == by_kind["Deployment"]["metadata"]["name"], "KEDA scales something else")
    expect(trigger["metadata"]["queueName"] == queue, f"KEDA does not look at the queue {queue}")
    expect(trigger["metadata"]["protocol"] == "http", "over AMQP, KEDA does not see messages in work")
    expect(trigger["metadata"]["excludeUnacknowledged"] == "false", "KEDA does not count messages in work")
    down = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
    for seconds in (spec["cooldownPeriod"], down["stabilizationWindowSeconds"]):
        expect(seconds > LONGEST_MESSAGE_SECONDS, f"scaled down after {seconds} s, while a message may still be in work")
    login = by_kind["TriggerAuthentication"]
    expect(trigger["authenticationRef"]["name"] == login["metadata"]["name"], "KEDA has no login")
    secrets = [thing["metadata"]["name"] for thing in objects if thing["kind"] == "Secret"]
    expect(login["spec"]["secretTargetRef"][0]["name"] in secrets, "KEDA's login names no Secret")


def report(objects):
    for problem in problems:
        print(f"deploy-check: {problem}", file=sys.stderr)
    kinds = ", ".join(sorted({thing["kind"] for thing in objects}))
    print(f"{len(objects)} objects ({kinds}), {len(problems)} problems")
    sys.exit(bool(problems or not objects))


def main():
    objects = [thing for thing in yaml.safe_load_all(sys.stdin) if thing]
    for thing in objects:
        check_schema(thing)
    if problems:  # what follows relies on the fields
        report(objects)
    for deployment in (thing for thing in objects if thing["kind"] == "Deployment"):
        labels, container = check_pod(deployment["spec"]["template"])
        check_selectors(objects, labels)
        if any(thing["kind"] == "ConfigMap" for thing in objects):
            check_settings(objects, container, sys.argv[1])
            check_scaling(objects)
    report(objects)


main()
