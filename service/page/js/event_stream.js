// `stream`: server-sent events over fetch, as EventSource cannot send a key; it resumes behind the last event.

import { sleep } from "./connection.js";
import { isAbort } from "./problem.js";

const RETRY_MS = 2000; // unless the server says otherwise

/** Calls `onEvent` for each event until the server has no more (204) or `signal` ends it. */
export async function stream(open, { onEvent, onState, signal, lastId, lost }) {
  const place = { id: lastId, retry: RETRY_MS };
  try {
    while (await once(open, place, { onEvent, onState, signal, lost })) {
      onState("lost");
      await sleep(place.retry / 4 + Math.random() * place.retry, signal); // not all pages at once
    }
    onState("ended");
  } catch (error) {
    if (!isAbort(error)) throw error;
  }
}

/** One connection; whether another one may have more. A tab that nobody sees gives its connection back. */
async function once(open, place, { onEvent, onState, signal, lost }) {
  await seen(signal);
  const leave = new AbortController();
  const end = () => leave.abort();
  const hide = () => document.hidden && leave.abort();
  signal?.addEventListener("abort", end);
  document.addEventListener("visibilitychange", hide);
  try {
    const headers = { Accept: "text/event-stream", ...(place.id === null ? {} : { "Last-Event-ID": place.id }) };
    const response = await open(headers, leave.signal);
    if (response.status === 204) return false;
    onState("open");
    await read(response, place, onEvent);
  } catch (error) {
    if (signal?.aborted || !(isAbort(error) || error instanceof TypeError)) throw error;
    if (error instanceof TypeError) lost(); // the connection broke in the middle
  } finally {
    signal?.removeEventListener("abort", end);
    document.removeEventListener("visibilitychange", hide);
  }
  return true;
}

async function read(response, place, onEvent) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) deliver(part, place, onEvent);
  }
}

/** One event of the wire; the place moves on only behind what was delivered. */
function deliver(part, place, onEvent) {
  const event = { event: "message", data: [], id: null };
  for (const line of part.split("\n")) {
    const [name, value] = field(line);
    if (name === "event") event.event = value;
    else if (name === "data") event.data.push(value);
    else if (name === "id") event.id = value;
    else if (name === "retry") place.retry = Number(value) || RETRY_MS;
  }
  if (event.data.length > 0) onEvent({ ...event, data: JSON.parse(event.data.join("\n")) });
  if (event.id !== null) place.id = event.id;
}

function field(line) {
  const colon = line.indexOf(":");
  if (colon < 0) return [line, ""];
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
}

/** Until somebody looks at this tab. */
function seen(signal) {
  if (!document.hidden) return Promise.resolve();
  return new Promise((done, failed) => {
    const look = () => {
      if (!signal?.aborted && document.hidden) return;
      document.removeEventListener("visibilitychange", look);
      if (signal?.aborted) failed(new DOMException("nobody waits any more", "AbortError"));
      else done();
    };
    document.addEventListener("visibilitychange", look);
    signal?.addEventListener("abort", look, { once: true });
  });
}
