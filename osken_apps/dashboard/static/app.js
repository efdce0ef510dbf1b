// The frame around every screen: who is asking, where one is, what is live, and one draw for all of it.

import { unknownCaller } from "./core/api.js";
import { html, nothing, render } from "./core/html.js";
import { Live } from "./core/live.js";
import { here, to } from "./core/location.js";
import { forgetAllNames, forgetNames, onNames } from "./core/names.js";
import { Search } from "./core/search.js";
import { keepToken, loadSettings, needsToken, revokeToken, settings, token } from "./core/session.js";
import { applyTheme, themeChoice } from "./core/theme.js";
import { forgetOverview, loadExtensions, loadOverview, world } from "./core/world.js";
import { resourceAt } from "./resources.js";
import { DetailScreen } from "./screens/detail.js";
import { ListScreen } from "./screens/list.js";
import { LoginScreen } from "./screens/login.js";
import { SCREENS } from "./screens/screens.js";
import { Dialog } from "./view/dialog.js";
import { clock } from "./view/words.js";

const OVERVIEW_MS = 1000; // of what changes at once, the sums are read once
const AGE_MS = 1000;
const OLD_S = 20; // longer than an answer without news lets one wait
const LATE_MS = 5000;

class App {
  constructor() {
    this.draw = this.draw.bind(this);
    this.screen = null;
    this.dialog = new Dialog(this.draw);
    this.search = new Search(this.draw);
    this.live = new Live((news) => this.heard(news), this.draw);
    onNames(this.draw);
    unknownCaller.handler = () => this.leave();
    addEventListener("hashchange", () => this.move());
    setInterval(this.draw, AGE_MS); // the age of what is shown
  }

  async begin() {
    try {
      await loadSettings();
    } catch {
      this.broken = "The API does not answer. This page tries again by itself.";
      this.draw();
      setTimeout(() => this.begin(), LATE_MS);
      return;
    }
    this.broken = "";
    this.version ??= settings.version;
    if (needsToken() && !token()) this.leave();
    else await this.enter().catch((error) => this.fail(error));
  }

  /** Read how the server is by now. Of another version its page is loaded, unless somebody is at something here. */
  async readSettings() {
    await loadSettings().catch(() => {}); // that the API does not answer is said by what is live
    if (settings.version !== this.version && !this.dialog.content && !this.login) location.reload();
    else this.draw();
  }

  /** Begin to show what there is; throws an ApiError. */
  async enter() {
    const [{ revision }] = await Promise.all([loadOverview(), loadExtensions()]);
    this.login = null;
    this.live.start(revision);
    this.move();
  }

  fail(error) {
    if (this.login) return;
    this.broken = error.message;
    this.draw();
    setTimeout(() => this.begin(), LATE_MS);
  }

  logOut() {
    revokeToken();
    this.leave();
  }

  /** Forget who was asking. */
  leave() {
    keepToken("");
    this.live.stop();
    clearTimeout(this.overviewTimer);
    this.overviewTimer = null;
    forgetOverview();
    forgetAllNames();
    this.search.clear();
    this.dialog.close();
    this.screen?.close?.();
    this.screen = null;
    this.login ??= new LoginScreen(this);
    this.readSettings(); // how one logs in may be another now
    this.draw();
  }

  move() {
    if (this.login || !world.overview) return;
    const place = here();
    const [name = "overview", id = ""] = place.parts;
    const key = `${name}/${id}`;
    if (this.screenKey !== key || !this.screen) {
      this.dialog.close();
      this.search.forget();
      this.screen?.close?.();
      this.screen = screenOf(name, id, this);
      this.screenKey = key;
      document.scrollingElement.scrollTop = 0;
    }
    this.screen.moved?.(place);
    this.draw();
  }

  heard(news) {
    world.notReady = news.not_ready;
    if (news.reset) this.readSettings();
    if (news.reset || news.changes.length) {
      forgetNames(news);
      this.screen?.heard?.(news);
      this.readOverviewIn(OVERVIEW_MS);
    } else if (this.screen?.showsCounters && !document.hidden) this.readOverviewIn(0); // what is counted is no change
    this.draw();
  }

  readOverviewIn(ms) {
    this.overviewTimer ??= setTimeout(async () => {
      this.overviewTimer = null;
      await loadOverview().catch(() => {}); // that the API does not answer is said by what is live
      this.draw();
    }, ms);
  }

  /** Draw all, once, soon, and say when that is done; what has the focus keeps it. */
  draw() {
    this.drawn ??= Promise.resolve().then(() => {
      this.drawn = null;
      const focused = document.activeElement?.dataset?.key;
      render(this.view(), document.body);
      document.title = `${this.screen?.title ?? this.login?.title ?? ""} – osken-apps`;
      if (focused && document.activeElement === document.body) {
        document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
      }
    });
    return this.drawn;
  }

  view() {
    return html`
      <a class="skip" href="#main" @click=${(event) => { event.preventDefault(); document.querySelector("main").focus(); }}>To the content</a>
      <header>
        <a class="brand" href="#/">osken-apps</a>
        ${world.overview ? this.search.view() : nothing}
        ${themeChoice()}
        ${world.overview ? this.caller() : nothing}
      </header>
      ${world.overview ? navigation() : nothing}
      <main id="main" tabindex="-1">
        ${this.banner()}
        ${this.login ? this.login.view() : this.screen ? this.screen.view() : this.broken ? nothing : html`<p class="note">Loading …</p>`}
      </main>
      <footer>${world.overview ? this.age() : nothing} <span>osken-apps ${settings.version}</span>
        ${settings.writes ? nothing : html`<span>This dashboard only shows.</span>`}</footer>
      ${this.dialog.view()}`;
  }

  /** Say what makes that what is shown may be old: an API or a controller that does not answer. */
  banner() {
    const { lost } = this.live.state;
    const said = [this.broken, lost ? `${lost.message} What is shown is of ${clock(this.live.state.at)}.` : "", ...world.notReady].filter(Boolean);
    return html`<div class="banners" role="status">${said.map((text) => html`<p class="banner"><span aria-hidden="true">✖</span> ${text}</p>`)}</div>`;
  }

  caller() {
    const { caller } = world.overview;
    return html`<span class="caller">${caller.name || caller.user_id || "everybody"} in ${caller.project_id}
      ${needsToken() ? html`<button type="button" @click=${() => this.logOut()}>Log out</button>` : nothing}</span>`;
  }

  age() {
    const { at } = this.live.state;
    if (!at) return nothing; // what is shown first is on its way
    const seconds = Math.round((Date.now() - at) / 1000);
    return html`<span>Data of ${clock(at)}${this.live.state.lost || seconds > OLD_S ? `, ${seconds} s ago` : ""}</span>`;
  }
}

function navigation() {
  const [now = "overview"] = here().parts;
  const items = [...SCREENS.filter(({ isShown }) => isShown?.() ?? true)];
  return html`<nav class="main" aria-label="Screens"><ul>${items.map(({ name, title }) => html`
    <li><a href=${to([name])} aria-current=${name === now ? "page" : nothing}>${title}</a></li>`)}</ul></nav>`;
}

function screenOf(name, id, app) {
  const screen = SCREENS.find((one) => one.name === name);
  if (!(screen?.isShown?.() ?? true)) return missing("It is shown to others, or the API does not offer it.");
  if (screen?.make && !id) return screen.make(app);
  const declaration = resourceAt(name);
  if (declaration) return id ? new DetailScreen(declaration, app) : new ListScreen(declaration, app);
  return missing("There is no such screen.");
}

const missing = (why) => ({ title: "Not found", view: () => html`<h1>Not found</h1><p>${why} <a href="#/">Overview</a></p>` });

document.querySelector("#loading").remove();
applyTheme();
new App().begin();
