// What every screen needs: what the caller may do, and whether what is shown is what is.

import { get } from "./api.js";
import { Rates } from "./rates.js";
import { settings } from "./session.js";

export const world = { overview: null, notReady: [], extensions: new Set(), dhcp: new Rates() };

let asked = 0;
let shown = 0;

/** Read the overview; of two that are under way the one that was asked for later is shown. */
export async function loadOverview() {
  asked += 1;
  const mine = asked;
  const told = await get("overview");
  if (mine <= shown) return told;
  shown = mine;
  world.overview = told;
  world.notReady = world.overview.attention.filter(({ code }) => code === "not_ready").map(({ sentence }) => sentence);
  if (world.overview.dhcp) world.dhcp.take(world.overview.dhcp, Date.now());
  return told;
}

/** Forget the overview, also one that is under way: it is of who asked before. */
export function forgetOverview() {
  shown = asked;
  Object.assign(world, { overview: null, notReady: [] });
}

/** Read what the API offers; what it does not is not shown. */
export async function loadExtensions() {
  const { extensions } = await get("extensions");
  world.extensions = new Set(extensions.map(({ alias }) => alias));
}

export const offers = (alias) => world.extensions.has(alias);

/** Tell whether the caller may do something, by the name of the rule. An attribute without one is the action's. */
export function may(rule) {
  const known = world.overview?.permissions ?? {};
  return known[rule] ?? known[rule.split(":")[0]] ?? false;
}

/** Tell whether a button is shown that has something sent into the network. */
export const mayProbe = () => settings.writes && may("explain_probe");

/** Tell whether a button for a change is shown: the dashboard may write, the policy allows it, and it is ours. */
export function mayChange(action, singular, resource = null) {
  if (!settings.writes || !may(`${action}_${singular}`)) return false;
  const { caller } = world.overview;
  return caller.is_admin || !resource?.project_id || resource.project_id === caller.project_id;
}

/** Tell whether a button is shown that makes something in a resource; some kinds are made in what is shared, too. */
export const mayMakeIn = (resource, singular, isMadeInShared = false) =>
  mayChange("create", singular, isMadeInShared && resource.shared ? null : resource);
