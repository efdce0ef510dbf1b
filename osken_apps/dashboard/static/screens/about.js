// What this is: its version, and, as far as the policy shows it, its database and where it listens.

import { html, nothing } from "../core/html.js";
import { settings } from "../core/session.js";
import { Told } from "../core/told.js";
import { world } from "../core/world.js";
import { facts, table } from "../view/table.js";
import { failure, yes } from "../view/words.js";

const LOGINS = {
  none: "nobody is asked who they are: everybody is administrator",
  local: "by name and password",
  headers: "as a proxy in front says who asks",
  keystone: "by a token of Keystone",
};
const LISTENERS = [
  { name: "name", label: "For", cell: ({ name }) => ({ api: "API and dashboard", openflow: "OpenFlow", ovsdb: "OVSDB", metrics: "Metrics" })[name] ?? name },
  { name: "address", label: "Address", cell: ({ address }) => html`<span class="address">${address}</span>` },
  { name: "tls", label: "TLS", cell: ({ tls }) => yes(tls) },
];

export class AboutScreen {
  constructor(app) {
    Object.assign(this, { title: "About", told: new Told(() => "about", app.draw) });
  }

  moved() {
    this.told.load();
  }

  heard({ reset }) {
    if (reset) this.told.load();
  }

  close() {
    this.told.close();
  }

  view() {
    const { value, error } = this.told;
    return html`<h1>About</h1>
      ${error ? failure(error, value) : nothing}
      ${value ? content(value) : error ? nothing : html`<p class="note">Loading …</p>`}`;
  }
}

function content({ version, licence, authentication, guards, python, database, listeners }) {
  const { caller } = world.overview;
  return html`
    ${facts([
      ["osken-apps", version],
      ...(python ? [["Python", python]] : []),
      ...(database ? [["Database", database]] : []),
      ["Who is let in", LOGINS[authentication] ?? authentication],
      ["You are", `${caller.name || caller.user_id || "everybody"} in ${caller.project_id}${caller.is_admin ? ", an administrator" : ""}`],
      ["Machines are guarded", guards ? "yes" : "no: [security] enforce=false"],
      ["This dashboard", settings.writes ? "shows and changes" : "only shows: [dashboard] writes=false"],
    ])}
    ${listeners ? html`<section><h2>Listens at</h2>
      ${table({ caption: "Where it listens", columns: LISTENERS, rows: listeners, key: ({ name }) => name })}</section>` : nothing}
    <section><h2>API</h2>
      <p>Networking API v2.0 at <a href="/v2.0/">/v2.0</a>, described by <a href="/openapi.json">/openapi.json</a>. What this
        dashboard shows and does is asked of it, as whoever is logged in.</p></section>
    <section><h2>Licences</h2>
      <p>osken-apps: ${licence}. lit-html: <a href="/ui/vendor/lit-html/LICENSE">BSD-3-Clause</a>.</p></section>`;
}
