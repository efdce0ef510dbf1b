// Making, changing and deleting, in the dialog.

import { ApiError, ask } from "../core/api.js";
import { to } from "../core/location.js";
import { Deletion } from "../view/dialog.js";
import { Form } from "../view/form.js";
import { titleOf } from "../resources.js";

/** Open the form for a new resource, or for a change of one; `given` is what a new one has without being asked. */
export function editing(app, declaration, { resource = null, given = {}, done = () => {} } = {}) {
  const finished = (made) => {
    app.dialog.close();
    if (made) done(made);
  };
  app.dialog.open(new Form(declaration, { resource, given, draw: app.draw, done: finished }));
}

/** Ask, and delete resources one after the other; what is refused is said, the others go. */
export function deleting(app, declaration, rows, done = () => {}) {
  const run = async (told) => {
    const errors = [];
    for (const [index, row] of rows.entries()) {
      try {
        await ask("DELETE", `${declaration.path}/${row.id}`);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.status !== 404) errors.push(`${titleOf(declaration, row)}: ${error.message}`);
      }
      told(index + 1);
    }
    return errors;
  };
  const finished = (deleted) => {
    app.dialog.close();
    if (deleted) done();
  };
  const names = rows.map((row) => titleOf(declaration, row));
  app.dialog.open(new Deletion({ what: declaration.one, names, run, draw: app.draw, done: finished }));
}

/** Go to the list of a declaration. */
export const goToList = (declaration) => { location.hash = to([declaration.screen ?? declaration.path]); };
