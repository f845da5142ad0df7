// Dialogs: the browser's own, which keeps the focus inside and gives it back.

import { h } from "./dom.js";

/**
 * Asks; resolves to whether the answer was yes. `body` are nodes or text. `onYes`, awaited before it closes, may throw:
 * the dialog then stays and says why.
 */
export function ask({ title, body, yes, no = "Cancel", danger = false, onYes = async () => {} }) {
  const error = h("p", { class: "field-error", role: "alert", hidden: true });
  const agree = h("button", { class: danger ? "button danger" : "button primary", type: "submit" }, yes);
  const refuse = no === null ? null : h("button", { class: "button quiet", type: "button", value: "no" }, no);
  const form = h(
    "form",
    { method: "dialog" },
    h("h2", { id: "dialog-title" }, title),
    typeof body === "string" ? h("p", null, body) : body,
    error,
    h("div", { class: "row end" }, refuse, agree),
  );
  const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((done) => {
    let answer = false;
    refuse?.addEventListener("click", () => dialog.close());
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      agree.disabled = true;
      try {
        await onYes(new FormData(form));
        answer = true;
        dialog.close();
      } catch (problem) {
        error.textContent = problem.detail ?? problem.message;
        error.hidden = false;
      } finally {
        agree.disabled = false;
      }
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      done(answer);
    });
  });
}
