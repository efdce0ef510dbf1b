// Making, changing and deleting, in the dialog.

import { ApiError, ask } from "../core/api.js";
import { to } from "../core/location.js";
import { Deletion } from "../view/dialog.js";
import { Form } from "../view/form.js";
import { titleOf } from "../resources.js";

/** Open the form for a new resource, or for a change of one; `given` is what a new one has without being asked. */
export function editing(app, declaration, { resource = null, given = {}, done = () => {} } = {}) {
  const finished = (made) => {
    if (app.dialog.close(form) && made) done(made);
  };
  const form = new Form(declaration, { resource, given, draw: app.draw, done: finished });
  app.dialog.open(form);
}

/** Ask, and delete resources one after the other; what is refused is said, the others go. */
export function deleting(app, declaration, rows, done = () => {}) {
  const remove = async (number) => {
    try {
      await ask("DELETE", `${declaration.path}/${rows[number].id}`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status !== 404) return error.message;
    }
    return "";
  };
  const finished = (deleted) => {
    if (app.dialog.close(deletion) && deleted) done();
  };
  const names = rows.map((row) => titleOf(declaration, row));
  const deletion = new Deletion({ what: declaration.one, names, remove, draw: app.draw, done: finished });
  app.dialog.open(deletion);
}

/** Go to the list of a declaration. */
export const goToList = (declaration) => { location.hash = to([declaration.screen ?? declaration.path]); };
