// `Router`: the address behind the # says which view is shown. A view is a module with
//   export async function show(root, params, context) -> stop
// `params` has the parts of the path and of the query by name; `context.signal` ends when the view is left.

import { h, replace } from "./dom.js";
import { isAbort, Problem } from "./problem.js";

const ROUTES = [
  { path: "/", title: "Searches", load: () => import("./views/list.js") },
  { path: "/new", title: "New search", load: () => import("./views/new.js") },
  { path: "/search/:id", title: "Search", load: () => import("./views/search.js") },
  { path: "/candidate/:id/:index", title: "Candidate", load: () => import("./views/candidate.js") },
  { path: "/compare", title: "Compare", load: () => import("./views/compare.js") },
  { path: "/patches/:id", title: "Patches", load: () => import("./views/patches.js") },
];
const SUFFIX = "Twinsieve";

export class Router {
  #root;
  #context;
  #leave = new AbortController();
  #stop = null;
  #moved = false; // from the view that the page began with

  constructor(root, context) {
    this.#root = root;
    this.#context = context;
  }

  start() {
    window.addEventListener("hashchange", () => this.refresh());
    return this.refresh().then(fetchAll);
  }

  /** Goes to an address such as "#/new"; `replaced` leaves none to go back to. */
  navigate(hash, { replaced = false } = {}) {
    if (location.hash === hash) this.refresh();
    else if (replaced) location.replace(hash);
    else location.hash = hash;
  }

  /** Shows the view of the address from scratch. */
  async refresh() {
    this.#leave.abort();
    const leave = (this.#leave = new AbortController());
    await Promise.resolve(this.#stop?.()).catch((error) => console.error(error));
    this.#stop = null;
    if (leave.signal.aborted) return;
    const { route, params } = matched(location.hash);
    this.#open(route);
    try {
      const stop = await this.#shown(route, params, leave.signal);
      if (leave.signal.aborted) stop?.();
      else this.#stop = stop ?? null;
    } catch (error) {
      if (!isAbort(error) && !leave.signal.aborted) this.#refused(error);
    } finally {
      if (!leave.signal.aborted) this.#root.classList.remove("loading");
    }
  }

  #open(route) {
    document.title = `${route?.title ?? "Nothing here"} · ${SUFFIX}`;
    document.body.dataset.view = route?.path.split("/")[1] || "list";
    replace(this.#root);
    this.#root.classList.add("loading");
    window.scrollTo(0, 0);
    for (const link of document.querySelectorAll("header nav a")) {
      link.toggleAttribute("aria-current", link.hash === `#${route?.path}`);
      if (link.hasAttribute("aria-current")) link.setAttribute("aria-current", "page");
    }
  }

  async #shown(route, params, signal) {
    if (route === null) throw missing();
    const view = await this.#loaded(route, signal);
    signal.throwIfAborted();
    const stop = await view.show(this.#root, params, { ...this.#context, signal });
    if (!signal.aborted && this.#moved) this.#focus();
    this.#moved = true;
    return stop;
  }

  /** The module of a view; where the service was away, once it is back. */
  async #loaded(route, signal) {
    try {
      return await route.load();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      await this.#context.api.get("/healthz", { signal });
      return route.load();
    }
  }

  /** Who listens hears where they are; who already types somewhere is left alone. */
  #focus() {
    const heading = this.#root.querySelector("h1");
    if (heading === null || this.#root.contains(document.activeElement)) return;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }

  #refused(error) {
    if (!(error instanceof Problem)) console.error(error);
    const title = error instanceof Problem ? error.title : "This view could not be shown";
    const again = h("button", { class: "button", onclick: () => this.refresh() }, "Try again");
    replace(
      this.#root,
      h(
        "section",
        { class: "empty", role: "alert" },
        h("h1", null, title),
        h("p", null, error.detail ?? error.message),
        h("p", { class: "row" }, again, h("a", { class: "button quiet", href: "#/" }, "All searches")),
      ),
    );
  }
}

/** The route of an address and what its path and query name; no route: null. */
export function matched(hash) {
  const [path, query = ""] = (hash.replace(/^#/, "") || "/").split("?");
  const given = path.replace(/(?<=.)\/$/, "").split("/");
  for (const route of ROUTES) {
    const parts = route.path.split("/");
    const fits = parts.length === given.length && parts.every((part, i) => part === given[i] || isName(part, given[i]));
    if (!fits) continue;
    const named = parts.flatMap((part, i) => (part.startsWith(":") ? [[part.slice(1), decoded(given[i])]] : []));
    return { route, params: { ...Object.fromEntries(new URLSearchParams(query)), ...Object.fromEntries(named) } };
  }
  return { route: null, params: {} };
}

/** So that every view can be shown when the service is away for a while. */
function fetchAll() {
  for (const route of ROUTES) route.load().catch(() => {}); // asked for again when it is needed
}

function isName(part, given) {
  return part.startsWith(":") && given !== "";
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a % that begins nothing
  }
}

function missing() {
  const detail = "This page has no such part; the address may be of another version.";
  return new Problem({ status: 404, title: "Nothing here", detail });
}
