// What a port is, in a sentence: where it is, or what it waits for.

import { html, nothing } from "../core/html.js";
import { nameOf } from "../core/names.js";
import { facts } from "../view/table.js";
import { link, state } from "../view/words.js";

export class PortState {
  view(port) {
    const details = port["binding:vif_details"] ?? {};
    return html`<section aria-labelledby="port-state"><h2 id="port-state">State</h2>
      <p>${where(port, details)}</p>
      ${details.waits_for ? html`<p>${state("waiting")} It waits for ${details.waits_for}.</p>` : nothing}
      ${(details.closed_rules ?? []).map((rule) => html`<p>${state("degraded")} ${rule}</p>`)}
      ${facts([
        ["Network", link("networks", port.network_id, nameOf("network", port.network_id))],
        ["Addresses", port.fixed_ips.map(({ ip_address: address }) => address).join(", ") || "–"],
        ["MAC", port.mac_address],
        ["Machine", port.device_id || "–"],
        ["Guarded", port.port_security_enabled ? "yes" : "no"],
        ["Security groups", port.security_groups.length ? port.security_groups.map((id) => html`${link("security-groups", id, nameOf("security_group", id))} `) : "–"],
      ])}</section>`;
  }
}

function where({ "binding:host_id": shown, device_owner: owner }, { host, requested_host: wanted, local_vlan: tag }) {
  if (owner.startsWith("network:")) return "It is the network's own: every host of the network serves it.";
  if (host) return `It is on ${host}${tag ? ` with tag ${tag}` : ""}${wanted && wanted !== host ? `, and wanted on ${wanted}` : ""}.`;
  if (wanted || shown) return `It is wanted on ${wanted || shown}, and plugged in nowhere.`;
  return shown === undefined ? "Where it is is told to administrators." : "It is plugged in nowhere.";
}
