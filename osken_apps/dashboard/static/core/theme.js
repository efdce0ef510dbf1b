// Light or dark: as the system has it, until somebody chooses.

import { html } from "./html.js";
import { ofBrowser } from "./kept.js";

const CHOSEN = "osken-net theme";
const THEMES = ["system", "light", "dark"];

const chosen = () => ofBrowser.get(CHOSEN) ?? "system";

export function applyTheme(theme = chosen()) {
  ofBrowser.set(CHOSEN, theme);
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export const themeChoice = () => html`<label class="theme">Theme
  <select @change=${(event) => applyTheme(event.target.value)}>
    ${THEMES.map((theme) => html`<option .selected=${theme === chosen()}>${theme}</option>`)}</select></label>`;
