// `Draft`: a spec in the making. It holds what somebody chose; for the rest the service has defaults.

const PLACE = "twinsieve-draft";

export class Draft {
  data;

  constructor(data = {}) {
    this.data = data;
  }

  /** The draft that this tab was left with. */
  static kept() {
    try {
      return new Draft(JSON.parse(sessionStorage.getItem(PLACE)) ?? {});
    } catch {
      return new Draft(); // nothing that could be read
    }
  }

  keep() {
    sessionStorage.setItem(PLACE, this.text());
  }

  forget() {
    sessionStorage.removeItem(PLACE);
    this.data = {};
  }

  /** What was chosen at "budget.candidates"; undefined where nothing was. */
  get(path) {
    return at(this.data, path);
  }

  set(path, value) {
    const names = path.split(".");
    const last = names.pop();
    let part = this.data;
    for (const name of names) {
      if (part[name] === null || typeof part[name] !== "object") part[name] = {}; // whatever the JSON had there
      part = part[name];
    }
    part[last] = value;
  }

  /** Back to the default, without empty parts around it. */
  unset(path) {
    const [parent, last] = split(path);
    const part = parent === "" ? this.data : at(this.data, parent);
    if (part === undefined || part === null) return;
    delete part[last];
    if (parent !== "" && Object.keys(part).length === 0) this.unset(parent);
  }

  text() {
    return JSON.stringify(this.data, null, 2);
  }
}

/** What stands in `data` at a path; undefined where nothing does. */
export function at(data, path) {
  return path.split(".").reduce((part, name) => part?.[name], data);
}

function split(path) {
  const end = path.lastIndexOf(".");
  return [path.slice(0, Math.max(end, 0)), path.slice(end + 1)];
}
