// `Problem`: what the API says when it refuses (RFC 9457), or what kept us from asking it.

export class Problem extends Error {
  /** `status` is 0 where no answer came; `errors` names fields: [{field, message, got}]. */
  constructor({ status, title, detail, errors = [], retryAfter = null }) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.errors = errors;
    this.retryAfter = retryAfter;
  }

  static unreachable() {
    return new Problem({
      status: 0,
      title: "No answer",
      detail: "The service did not answer, so it is not known whether it took the request.",
    });
  }

  static async of(response) {
    const retry = Number(response.headers.get("Retry-After"));
    const body = await response.json().catch(() => null);
    const title = body?.title ?? response.statusText;
    const detail = body?.detail ?? `The service answered ${response.status}.`;
    const errors = body?.errors ?? [];
    return new Problem({ status: response.status, title, detail, errors, retryAfter: retry > 0 ? retry : null });
  }
}

/** Whether an error only says that nobody waits any more. */
export function isAbort(error) {
  return error instanceof DOMException && error.name === "AbortError";
}
