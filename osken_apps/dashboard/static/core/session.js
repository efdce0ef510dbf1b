// Who is asking, and how the API wants to know.
//
// A token is kept in sessionStorage: it outlives a reload and a step back, which would otherwise ask for the
// password again, and ends with the tab. No script but ours runs here (Content-Security-Policy), so nobody
// else reads it. The password itself is kept nowhere.

import { ofTab } from "./kept.js";

const TOKEN = "osken-net token";

export const settings = { authentication: "none", writes: false, version: "" };

export async function loadSettings() {
  const response = await fetch("/ui/settings", { credentials: "omit" });
  if (!response.ok) throw new Error(`The API answered ${response.status}.`);
  Object.assign(settings, await response.json());
}

export const token = () => ofTab.get(TOKEN) ?? "";

export function keepToken(text) {
  if (text) ofTab.set(TOKEN, text);
  else ofTab.remove(TOKEN);
}

/** Have a token of our own be worth nothing from now on, as far as the API can be told; who waits for nobody goes on. */
export function revokeToken() {
  if (settings.authentication !== "local" || !token()) return;
  fetch("/identity/v3/auth/tokens", {
    method: "DELETE",
    credentials: "omit",
    keepalive: true, // also if the tab is closed
    headers: { "X-Auth-Token": token(), "X-Subject-Token": token() },
  }).catch(() => {});
}

/** Tell whether somebody must log in here before the API can be asked. */
export const needsToken = () => ["local", "keystone"].includes(settings.authentication);

/** Get a token for name and password, in a project or the user's own; throws an Error that says why there is none. */
export async function login(name, password, project) {
  const domain = { id: "default" };
  const user = { name, password, domain };
  const scope = project ? { scope: { project: { name: project, domain } } } : {};
  const response = await fetch("/identity/v3/auth/tokens", {
    method: "POST",
    credentials: "omit",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ auth: { identity: { methods: ["password"], password: { user } }, ...scope } }),
  });
  if (!response.ok) {
    const told = await response.json().catch(() => ({}));
    throw new Error(told.error?.message ?? `The API answered ${response.status}.`);
  }
  keepToken(response.headers.get("X-Subject-Token"));
}
