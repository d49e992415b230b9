// Talking to the simulator's control API.

export class Refusal extends Error {}

async function call(method, path, body) {
  const options = { method, headers: {} };
  if (method !== "GET") {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body ?? {});
  }
  const answer = await fetch(`/sim/${path}`, options);
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(found.error || `HTTP ${answer.status}`);
  return found;
}

export const get = (path) => call("GET", path);
export const post = (path, body) => call("POST", path, body);
export const del = (path) => call("DELETE", path);
export const mediaUrl = (id) => `/sim/media/${encodeURIComponent(id)}`;

// Server-sent events from `after` on; the browser reconnects by itself and names the last one it saw.
export function listen(after, take) {
  const source = new EventSource(`/sim/events?after=${after}`);
  source.onmessage = (event) => take(JSON.parse(event.data));
  return source;
}
