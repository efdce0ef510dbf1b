// The one place that knows where lit-html is: templates escape whatever is put into them.

export { html, nothing, render, svg } from "../vendor/lit-html/lit-html.js";
export { repeat } from "../vendor/lit-html/directives/repeat.js";
