"use strict";
// Asks for the state again and again and shows it; every button is one of the sandbox's own calls.
const INTERVAL_MS = 500;
const get = (id) => document.getElementById(id);

function rows(id, lines, kind = () => "") {
  const made = lines.map((line, index) => {
    const row = document.createElement("tr");
    row.className = kind(line, index);
    for (const text of line) row.insertCell().textContent = text;
    return row;
  });
  get(id).replaceChildren(...made);
}

const seconds = (value) => value < 120 ? `${Math.round(value)} s` : `${Math.round(value / 60)} min`;
const time = (ms) => new Date(ms).toLocaleTimeString(undefined, { hour12: false }) + "." + String(ms % 1000).padStart(3, "0");

function show(state) {
  get("addresses").textContent = `Podio ${state.podio} · platform ${state.platform}`;
  rows("faults", state.faults.map((fault) => [fault.api, fault.key, fault.answers.join(" → "), fault.given]));
  rows("tokens", state.tokens.map((token) => [token.token, seconds(token.age), seconds(token.valid_for)]));
  get("refresh").textContent = `${state.refresh_tokens} valid refresh token(s)`;
  rows("pools", state.pools.map((pool) =>
    [pool.name, `${pool.limit} in ${seconds(pool.window)}`, pool.used, seconds(pool.resets_in)]));
  rows("hooks", state.hooks.map((hook) =>
    [hook.hook_id, `${hook.on.type} ${hook.on.id}`, hook.event, hook.url, hook.status, hook.delivered, hook.lost]));
  get("otlp").textContent = `${state.podio}/_sandbox/otlp`;
  const spans = state.spans.map((span) => [
    time(span.at), "\u00a0\u00a0\u00a0".repeat(span.depth) + span.name, span.took.toFixed(1), span.service, span.attributes]);
  rows("spans", spans, (_, index) => state.spans[index].failed ? "failed" : "");
  get("count").textContent = `(${state.call_count})`;
  const lines = state.calls.map((call) =>
    [time(call.at), call.api, `${call.method} ${call.path}`, call.status || "no answer", call.token, call.body]);
  rows("calls", lines, (line) => line[3] === "no answer" ? "waiting" : line[3] >= 400 ? "failed" : "");
}

async function call(method, path, body) {
  const answer = await fetch(path, { method, body });
  get("problem").textContent = answer.ok ? "" : await answer.text();
  await refresh();
  return answer.ok;
}

async function refresh() {
  try {
    show(await (await fetch("state")).json());
    get("connection").textContent = "live";
  } catch {
    get("connection").textContent = "the sandbox does not answer";
  }
}

async function follow() {
  if (!document.hidden) await refresh();
  setTimeout(follow, INTERVAL_MS);
}

get("fault").addEventListener("submit", (event) => {
  event.preventDefault();
  const { key, answer, times } = Object.fromEntries(new FormData(event.target));
  call("POST", "answers", `${key.trim()}=times:${times},then:normal,${answer}`);
});
get("short").addEventListener("submit", (event) => {
  event.preventDefault();
  call("POST", "answers", new FormData(event.target).get("short"));
});
for (const [form, path] of [["limit", "rate-limit"], ["limit-marked", "rate-limit-marked"]]) {
  get(form).addEventListener("submit", (event) => {
    event.preventDefault();
    call("PUT", path, new FormData(event.target).get("limit"));
  });
}
for (const button of document.querySelectorAll("button[data-call]")) {
  button.addEventListener("click", () => call(...button.dataset.call.split(" ")));
}
follow();
