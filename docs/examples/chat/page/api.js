// SPDX-License-Identifier: Apache-2.0
// The HTTP API behind the gateway. Whatever is asked, and what came back, is told to `hear`.

/** An answer that is none: `status` is 0 where nobody answered. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** What the gateway's own refusals mean to somebody who sees a form. The function's have words of their own. */
const words = {
  'Unauthorized': 'The gateway does not accept the token.',
  'Forbidden': 'Your token does not allow that.',
  'Too Many Requests': 'Too many requests at once. Wait a moment.',
  'Internal Server Error': 'That failed behind the gateway.',
  'Service Unavailable': 'What is behind the gateway is not there. Try again.',
};

export class Api {
  constructor(session, hear) {
    Object.assign(this, { session, hear });
  }

  /** The answer's JSON; a Refusal is thrown for 400 and above. `own`: words for single statuses, beside a form. */
  async call(method, path, { body, own = {} } = {}) {
    let answer = await this.ask(method, path, { body, token: await this.session.token() });
    if (answer.status === 401) answer = await this.ask(method, path, { body, token: await this.session.refresh() });
    if (answer.status === 401) this.session.end('The session has ended: the gateway does not accept its token.');
    if (answer.status < 400) return answer.output;
    const message = answer.output?.message;
    throw new Refusal(answer.status, own[answer.status] ?? words[message] ?? message ?? `The answer was ${answer.status}.`);
  }

  /** One request, as it is: nothing is refreshed or repeated. Without a token it has none. */
  async ask(method, path, { body, token } = {}) {
    const started = performance.now();
    const said = { method, path, at: Date.now(), status: 0 };
    try {
      const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(body && { 'content-type': 'application/json' }) };
      const response = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: 'no-store' });
      said.body = await response.text();
      said.status = response.status;
      said.challenge = response.headers.get('www-authenticate');
    } catch {
      throw new Refusal(0, 'The gateway does not answer.');
    } finally {
      said.took = performance.now() - started;
      this.hear(said);
    }
    return { status: said.status, output: parse(said.body) };
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A path whose parts came from outside. */
export const path = (strings, ...parts) => String.raw({ raw: strings }, ...parts.map(encodeURIComponent));
