// The state of the screen is the part of the address after #: it can be sent to somebody, and back works.

import { query } from "./api.js";

/** Give the parts of the path and the parameters of the address. */
export function here() {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter(Boolean).map(decoded);
  return { parts, parameters: Object.fromEntries(new URLSearchParams(search)) };
}

/** Give a part of the path as text; what is not encoded as it should be stays as it is. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Give the address of a screen. */
export function to(parts, parameters = {}) {
  const search = query(parameters);
  return `#/${parts.map(encodeURIComponent).join("/")}${search ? `?${search}` : ""}`;
}

/** Change parameters of this screen; without one to go back to if `replace`. */
export function change(parameters, { replace = false } = {}) {
  const now = here();
  const address = to(now.parts, { ...now.parameters, ...parameters });
  if (address === location.hash) return;
  if (replace) {
    history.replaceState(null, "", address);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = address;
}
