// Saying who one is, as the API wants to know it.

import { html, nothing } from "../core/html.js";
import { keepToken, login, settings } from "../core/session.js";

const ELSEWHERE = {
  none: "The API lets everybody in, and yet did not know who asks: look at its log.",
  headers: "A proxy in front of the API says who asks. Come through it: log in there, and load this page again.",
};

export class LoginScreen {
  constructor(app) {
    Object.assign(this, { app, title: "Log in", error: "", waits: false });
  }

  async enter(event) {
    event.preventDefault();
    const given = new FormData(event.target);
    this.waits = true;
    this.error = "";
    this.app.draw();
    try {
      if (settings.authentication === "local") await login(given.get("name"), given.get("password"), given.get("project").trim());
      else keepToken(given.get("token").trim());
      await this.app.enter();
    } catch (error) {
      this.error = error.message;
      this.app.leave(); // of what was read before it failed nothing is shown
    }
    this.waits = false;
    await this.app.draw();
    document.querySelector("main [role=alert]")?.focus();
  }

  view() {
    const form = { local: byPassword, keystone: byToken }[settings.authentication];
    return html`<h1>Log in</h1>
      ${this.error ? html`<p class="error" role="alert" tabindex="-1">${this.error}</p>` : nothing}
      ${form ? html`<form class="fields login" @submit=${(event) => this.enter(event)}>
        ${form()}
        <div class="buttons"><button type="submit" class="main" ?disabled=${this.waits}>Log in</button></div>
      </form>` : html`<p>${ELSEWHERE[settings.authentication]}</p>`}`;
  }
}

const byPassword = () => html`
  <div class="field"><label for="name">Name</label><input id="name" name="name" autocomplete="username" required></div>
  <div class="field"><label for="password">Password</label>
    <input id="password" name="password" type="password" autocomplete="current-password" required></div>
  <div class="field"><label for="project">Project</label><input id="project" name="project" aria-describedby="project-hint">
    <p class="hint" id="project-hint">Empty: your own.</p></div>`;

const byToken = () => html`
  <p>OpenStack's Keystone knows who you are. Get a token with <code>openstack token issue -f value -c id</code>.</p>
  <div class="field"><label for="token">Token</label><input id="token" name="token" type="password" autocomplete="off" required></div>`;
