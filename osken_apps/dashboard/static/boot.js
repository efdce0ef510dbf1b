// Loads the dashboard, and again if a part of it did not come: a page that stays blank tells nobody anything.

const AGAIN_MS = 2000;

import("./app.js").catch(() => {
  document.querySelector("#loading").textContent = "A part of the dashboard did not come. Trying again …";
  setTimeout(() => location.reload(), AGAIN_MS);
});
