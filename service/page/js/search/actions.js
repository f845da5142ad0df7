// The buttons of a search: those that make sense for it at this moment, for whoever looks.

import { h } from "../dom.js";
import { ENDED } from "../status.js";
import { cancel, deleteModel, download, pause, remove, report, resume } from "./deeds.js";
import { clone, edit, extend } from "./wishes.js";

const going = (search) => !ENDED.has(search.status);
const stopping = (search) => search.pause_requested || search.cancel_requested;
const hasModel = (search) => search.chosen !== null && search.artifacts_deleted_at === null;

const ACTIONS = [
  { name: "Pause", who: "owner", fits: (it) => going(it) && it.status !== "paused" && !stopping(it), act: pause },
  { name: "Resume", who: "owner", look: "primary", fits: (it) => it.status === "paused" || paused(it), act: resume },
  { name: "Cancel…", who: "owner", fits: (it) => going(it) && !it.cancel_requested, act: cancel },
  { name: "Download model", who: "anyone", look: "primary", fits: hasModel, act: download },
  { name: "Report…", who: "anyone", fits: () => true, act: report },
  { name: "Extend…", who: "member", fits: (it) => canGrow(it), act: extend },
  { name: "Clone…", who: "member", fits: () => true, act: clone },
  { name: "Edit…", who: "owner", look: "quiet", fits: () => true, act: edit },
  { name: "Delete model…", who: "owner", look: "quiet", fits: hasModel, act: deleteModel },
  { name: "Delete…", who: "owner", look: "quiet", fits: (it) => !going(it), act: remove },
];

function canGrow({ status, progress }) {
  return (status === "succeeded" || status === "cancelled") && progress.budget > 0;
}

function paused(search) {
  return going(search) && search.pause_requested && !search.cancel_requested;
}

/** `update(search)` shows those that fit; `changed()` is called once something was done about the search. */
export function actions({ api, navigate, announce, me }, path, changed) {
  const does = { api, navigate, announce, path, changed };
  let now = null;
  const buttons = ACTIONS.map((action) => {
    const press = () => Promise.resolve(action.act(now, does)).catch((problem) => announce(said(problem), "problem"));
    const look = { type: "button", class: `button ${action.look ?? ""}`, hidden: true, onclick: press };
    return { ...action, element: h("button", look, action.name) };
  });
  const update = (search) => {
    now = search;
    for (const { element, fits, who } of buttons) {
      element.hidden = !fits(search);
      element.disabled = !may(me, who, search);
      element.title = element.disabled ? refusal(who, search) : "";
    }
  };
  const group = { class: "actions", role: "group", "aria-label": "What can be done" };
  return { element: h("div", group, buttons.map((each) => each.element)), update };
}

function may(me, who, search) {
  if (who === "anyone" || me?.role === "admin") return true;
  return me?.role === "member" && (who === "member" || me.owner === search.owner);
}

function refusal(who, search) {
  return who === "member" ? "A viewer starts no searches" : `Only ${search.owner} or an admin does this`;
}

function said(problem) {
  return problem.detail ?? problem.message;
}
