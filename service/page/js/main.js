// Puts the page together: who asks, what is shown, and what is said when the service is away.

import { announce } from "./announce.js";
import { Api } from "./api.js";
import { Connection } from "./connection.js";
import { replace, setText } from "./dom.js";
import { help, listen } from "./keyboard.js";
import { Keys } from "./keys.js";
import { isAbort } from "./problem.js";
import { Router } from "./router.js";
import { theme } from "./theme.js";

const connection = new Connection();
const keys = new Keys();
const api = new Api(connection, keys);
const context = { api, theme, me: null, announce, navigate: (hash, options) => router.navigate(hash, options) };
const router = new Router(document.getElementById("view"), context);

function banner() {
  const place = document.getElementById("banner");
  if (place.hidden && connection.reason === null) return;
  place.hidden = connection.reason === null;
  setText(place.querySelector("span"), connection.reason ?? "");
  if (place.hidden) announce("The service answers again.");
}

function dress() {
  const button = document.getElementById("theme");
  const other = theme.name === "dark" ? "light" : "dark";
  button.setAttribute("aria-label", `Switch to ${other} colours`);
  button.title = button.getAttribute("aria-label");
}

async function meet() {
  context.me = await api.get("/v1/me").catch((error) => {
    if (isAbort(error)) throw error;
    return null; // a view says what is wrong
  });
  const { owner, role } = context.me ?? { owner: "nobody", role: "no key" };
  const button = document.getElementById("me");
  replace(button, owner);
  button.title = `${owner}, ${role}: use another key`;
  button.setAttribute("aria-label", `You are ${owner}, ${role}. Use another API key`);
  button.hidden = false;
}

async function another() {
  if (await keys.ask(null, keys.value)) {
    await meet();
    await router.refresh();
  }
}

connection.addEventListener("change", banner);
theme.onChange(dress);
dress();
document.getElementById("theme").addEventListener("click", () => theme.toggle());
document.getElementById("help").addEventListener("click", help);
document.getElementById("me").addEventListener("click", another);
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // its address is no view
  document.getElementById("view").focus();
});
listen(context);
await meet();
await router.start();
