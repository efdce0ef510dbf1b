// The one way to ask the API.

import { needsToken, token } from "./session.js";

const AGAIN_MS = 300; // a connection may break where nothing is wrong
const SILENT = "The API does not answer.";

/** What the API refused, in its own words; `status` 0: there was no answer. */
export class ApiError extends Error {
  constructor(status, type, message) {
    super(message);
    this.status = status;
    this.type = type;
  }
}

/** Called when the API does not know who asks. */
export const unknownCaller = { handler: () => {} };

/**
 * Send a request below /v2.0 and give the body of the answer.
 *
 * `revision` goes as If-Match: a change of what has changed meanwhile is refused with 412.
 */
export async function ask(method, path, { body, revision, signal } = {}) {
  const asker = token();
  const response = await sent(method, path, body, revision, signal);
  const told = await bodyOf(response);
  if (response.ok) return told;
  if (response.status === 401 && asker === token()) unknownCaller.handler();
  const error = told?.NeutronError ?? {};
  const message = error.message ?? `The API answered ${response.status}.`;
  throw new ApiError(response.status, error.type ?? "", error.type === "PolicyNotAuthorized" ? `You may not do this: ${message}.` : message);
}

/** Give the body of an answer; null: it has none, or it is refused by another than the API. */
async function bodyOf(response) {
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch (error) {
    if (!response.ok) return null;
    throw error.name === "AbortError" ? error : new ApiError(0, "", SILENT); // it ended in the middle
  }
}

async function sent(method, path, body, revision, signal, isSecond = false) {
  const headers = {};
  if (needsToken()) headers["X-Auth-Token"] = token();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (revision !== undefined) headers["If-Match"] = `revision_number=${revision}`;
  try {
    return await fetch(`/v2.0/${path}`, {
      method,
      headers,
      // With a token of our own the browser adds nothing, and asks for no password of its own.
      credentials: needsToken() ? "omit" : "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    if (method === "GET" && !isSecond) {
      await new Promise((resolve) => { setTimeout(resolve, AGAIN_MS); });
      return sent(method, path, body, revision, signal, true);
    }
    throw new ApiError(0, "", SILENT);
  }
}

export const get = (path, options) => ask("GET", path, options);

/** Give a query string of names and values; a value may be a list. */
export function query(parameters) {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).filter((one) => one !== "" && one != null).map((one) => [name, one]));
  return new URLSearchParams(pairs).toString();
}
