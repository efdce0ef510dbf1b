// Names of things that are referred to by their ids, asked for once and together.

import { get, query } from "./api.js";
import { PATHS } from "../view/words.js";

const A_QUESTION = 100;
const MOST_KNOWN = 5000;
const AGAIN_MS = 10000; // what is drawn again and again is not asked for as often when nobody answers

let known = new Map();
let wanted = new Set();
let draw = () => {};

/** Have `redraw` called when names have come. */
export const onNames = (redraw) => { draw = redraw; };

/** Give the name of a thing of a kind; until it is known, and if it has none, "". */
export function nameOf(kind, id) {
  const key = `${kind} ${id}`;
  if (!known.has(key)) {
    if (!wanted.size) queueMicrotask(load);
    wanted.add(key);
    known.set(key, "");
  }
  return known.get(key);
}

/** Forget what may be called otherwise now: after a reset nobody can say what that is. */
export function forgetNames({ reset, changes }) {
  for (const { kind, id } of changes) known.delete(`${kind} ${id}`);
  if (reset || known.size > MOST_KNOWN) forgetAllNames();
}

/** Forget all, also what is under way: it is of who asked before. */
export function forgetAllNames() {
  known = new Map();
}

async function load() {
  const asked = [...wanted].map((key) => key.split(" "));
  wanted = new Set();
  for (const kind of new Set(asked.map(([of]) => of))) {
    const ids = asked.filter(([of]) => of === kind).map(([, id]) => id);
    for (let start = 0; start < ids.length; start += A_QUESTION) await loadSome(kind, ids.slice(start, start + A_QUESTION));
  }
  draw();
}

async function loadSome(kind, ids) {
  const into = known;
  const label = kind === "agent" ? "host" : "name";
  const path = kind === "agent" ? "agents" : PATHS[kind];
  try {
    const told = await get(`${path}?${query({ id: ids, fields: ["id", label] })}`);
    for (const one of told[`${kind}s`]) {
      const key = `${kind} ${one.id}`;
      if (into.has(key)) into.set(key, one[label]); // else it was forgotten meanwhile
    }
  } catch {
    setTimeout(() => forgetUnknown(kind, ids), AGAIN_MS);
  }
}

/** Have what did not come asked for again when it is drawn. */
function forgetUnknown(kind, ids) {
  for (const key of ids.map((id) => `${kind} ${id}`)) if (known.get(key) === "") known.delete(key);
}
