// `Theme`: light or dark, as the system says until somebody chooses otherwise by the button.

const PLACE = "twinsieve-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

export class Theme extends EventTarget {
  constructor() {
    super();
    this.#apply(localStorage.getItem(PLACE));
    system.addEventListener("change", () => this.#apply(localStorage.getItem(PLACE)));
  }

  /** "light" or "dark". */
  get name() {
    return document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light");
  }

  /** The other one; choosing what the system says follows the system again. */
  toggle() {
    const other = this.name === "dark" ? "light" : "dark";
    const chosen = other === (system.matches ? "dark" : "light") ? null : other;
    if (chosen === null) localStorage.removeItem(PLACE);
    else localStorage.setItem(PLACE, chosen);
    this.#apply(chosen);
  }

  /** Calls `act` at every change; the answer ends that. */
  onChange(act) {
    this.addEventListener("change", act);
    return () => this.removeEventListener("change", act);
  }

  #apply(chosen) {
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
    else delete document.documentElement.dataset.theme;
    this.dispatchEvent(new Event("change"));
  }
}

export const theme = new Theme();
