// What the browser keeps for this page: as long as the tab is there, or for longer. One that keeps nothing for anybody
// (all cookies are blocked) refuses to be asked; then it is kept for as long as the page is.

class Kept {
  /** `storage` gives the browser's own, or throws. */
  constructor(storage) {
    this.storage = storage;
    this.instead = new Map();
  }

  get(key) {
    try {
      return this.storage().getItem(key);
    } catch {
      return this.instead.get(key) ?? null;
    }
  }

  set(key, text) {
    try {
      this.storage().setItem(key, text);
    } catch {
      this.instead.set(key, text);
    }
  }

  remove(key) {
    try {
      this.storage().removeItem(key);
    } catch {
      this.instead.delete(key);
    }
  }
}

export const ofTab = new Kept(() => sessionStorage);
export const ofBrowser = new Kept(() => localStorage);
