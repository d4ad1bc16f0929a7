"""Checks that every alert has a test that lets it fire, the annotations that a person needs at night, and a row in the
operators' document.

    alerts.py RULES.yml TESTS.yml OPERATIONS.md
"""

import re
import sys

import yaml

rules, tests, document = (open(name, encoding="utf-8").read() for name in sys.argv[1:4])
alerts = [rule for group in yaml.safe_load(rules)["groups"] for rule in group["rules"] if "alert" in rule]
expected = yaml.safe_load(tests)["tests"]
firing = {
    name
    for test in expected
    for case in test.get("promql_expr_test", [])
    if case["exp_samples"]
    for name in re.findall(r'alertname="(\w+)"', case["expr"])
}
rows = re.findall(r"^\| `(Podio\w+)` \| (\w+) \|", document, re.M)

problems = []
for alert in alerts:
    name = alert["alert"]
    if name not in firing:
        problems.append(f"{name}: no test lets it fire")
    if (name, alert["labels"]["severity"]) not in rows:
        problems.append(f"{name}: no row of the document has it with its severity")
    for text in ("summary", "description", "runbook"):
        if not alert["annotations"].get(text, "").endswith("."):
            problems.append(f"{name}: its {text} is not a sentence")
known = {alert["alert"] for alert in alerts}
problems += [f"{name}: the document has it, the rules do not" for name, _ in rows if name not in known]
for problem in problems:
    print(f"deploy-check: {problem}", file=sys.stderr)
print(f"{len(alerts)} alerts, {len(problems)} problems")
sys.exit(bool(problems or not alerts))
