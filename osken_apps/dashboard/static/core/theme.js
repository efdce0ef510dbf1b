// Light or dark: as the system has it, until somebody chooses.

import { html } from "./html.js";

const CHOSEN = "osken-net theme";
const THEMES = ["system", "light", "dark"];

const chosen = () => localStorage.getItem(CHOSEN) ?? "system";

export function applyTheme(theme = chosen()) {
  localStorage.setItem(CHOSEN, theme);
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export const themeChoice = () => html`<label class="theme">Theme
  <select @change=${(event) => applyTheme(event.target.value)}>
    ${THEMES.map((theme) => html`<option .selected=${theme === chosen()}>${theme}</option>`)}</select></label>`;
