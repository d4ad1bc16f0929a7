"""Asks a Prometheus what the dashboard's panels and the rules ask it, and draws what the panels would show.

    dashboard.py PROMETHEUS_URL DASHBOARD.json RULES.yml [FOLDER]    pictures of the panels go to FOLDER/dashboard.svg

A query that Prometheus refuses is an error, and so are a name of a metric that no series has and a panel that stays empty.
"""

import json
import math
import re
import sys
import time
import urllib.parse
import urllib.request
from html import escape
from pathlib import Path

import yaml

url, dashboard_file, rules_file, *folder = sys.argv[1:]
SPAN_SECONDS, STEP_SECONDS = 120, 2
VARIABLES = {"$job": ".*", "$instance": ".*", "$__rate_interval": "20s"}
problems = []


def ask(path, **parameters):
    with urllib.request.urlopen(f"{url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=10) as answer:
        return json.load(answer)["data"]


def series(query):
    end = time.time()
    try:
        data = ask("query_range", query=query, start=end - SPAN_SECONDS, end=end, step=STEP_SECONDS)
    except urllib.error.HTTPError as error:
        problems.append(f"Prometheus refuses {query}: {json.load(error)['error']}")
        return []
    return data["result"]


def names(query):
    """The metrics that a query names: identifiers that are neither functions, keywords nor labels."""
    query = re.sub(r'"[^"]*"', '""', query)
    query = re.sub(r"\{[^}]*\}|\[[^]]*\]|\b(by|on|without|ignoring)\s*\([^)]*\)", " ", query)
    return {name for name in re.findall(r"\b[a-z][a-z0-9_:]*_[a-z0-9_:]+\b(?!\s*\()", query)}


def label(template, labels):
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), template).strip()


def chart(panel, lines, left, top, width=380, height=150):
    points = [(float(x), float(y)) for _, values in lines for x, y in values if math.isfinite(float(y))]
    text = [f'<text x="{left}" y="{top}" font-weight="bold">{escape(panel["title"])}</text>']
    if not points:
        return text + [f'<text x="{left}" y="{top + 20}" fill="#888">no data</text>']
    start, end = min(x for x, _ in points), max(x for x, _ in points)
    low, high = min(0, *(y for _, y in points)), max(y for _, y in points) or 1
    colours = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f"]
    text.append(f'<rect x="{left}" y="{top + 8}" width="{width}" height="{height}" fill="none" stroke="#ccc"/>')
    text.append(f'<text x="{left + 2}" y="{top + 20}" fill="#888">{high:.4g}</text>')
    for number, (name, values) in enumerate(lines):
        way = " ".join(
            f"{left + (float(x) - start) / ((end - start) or 1) * width:.1f},"
            f"{top + 8 + height - (float(y) - low) / ((high - low) or 1) * height:.1f}"
            for x, y in values
            if math.isfinite(float(y))
        )
        colour = colours[number % len(colours)]
        text.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        if number < 5:
            text.append(f'<text x="{left}" y="{top + 22 + height + number * 12}" fill="{colour}">{escape(name or "value")}</text>')
    return text


def check_layout(panels):
    expected_ids = len({panel["id"] for panel in panels})
    if expected_ids != len(panels):
        problems.append("two panels have the same id")
    taken = {}
    for panel in panels:
        place = panel["gridPos"]
        for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])):
            if cell[0] >= 24 or cell in taken:
                problems.append(f"{panel['title']} lies on {taken.get(cell, 'the edge')}")
                break
            taken[cell] = panel["title"]


dashboard = json.loads(Path(dashboard_file).read_text(encoding="utf-8"))
rules = [rule for group in yaml.safe_load(Path(rules_file).read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]
known = set(ask("label/__name__/values"))
check_layout(dashboard["panels"])
drawn, number, empty = [], 0, []
for panel in dashboard["panels"]:
    if panel["type"] == "row":
        continue
    lines = []
    for target in panel["targets"]:
        query = target["expr"]
        for name, value in VARIABLES.items():
            query = query.replace(name, value)
        for name in names(query) - known:
            problems.append(f"{panel['title']}: no series is called {name}")
        lines += [(label(target["legendFormat"], found["metric"]), found["values"]) for found in series(query)]
    if not lines:
        empty.append(panel["title"])
    drawn += chart(panel, lines, 20 + number % 3 * 410, 30 + number // 3 * 250)
    number += 1
problems += [f"{title}: the panel is empty" for title in empty]
for rule in rules:
    for name in names(rule["expr"]) - known:
        problems.append(f"{rule.get('alert', rule.get('record'))}: no series is called {name}")
    series(rule["expr"])
if folder:
    place = Path(folder[0])
    place.mkdir(parents=True, exist_ok=True)
    size = f'width="1260" height="{(number + 2) // 3 * 250 + 30}"'
    body = "\n".join(drawn)
    picture = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11"><rect {size} fill="white"/>\n{body}\n</svg>\n'
    (place / "dashboard.svg").write_text(picture, encoding="utf-8")
for problem in sorted(set(problems)):
    print(f"compose-check: {problem}", file=sys.stderr)
print(f"{number} panels, {len(rules)} rules, empty: {', '.join(empty) or 'none'}; {len(set(problems))} problems")
sys.exit(bool(problems))
