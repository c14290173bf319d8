// SPDX-License-Identifier: Apache-2.0
// The panel "What the gateway said": every request of the page, and what a refusal means.
import { $, clock, make } from './dom.js';

const MOST = 100;

const meanings = {
  0: 'Nobody answered.',
  401: 'The gateway does not know who asks: there is no token, or none that is valid. No function was called.',
  403: 'The gateway knows who asks, but the token lacks the scope of this route. No function was called.',
  1006: 'No WebSocket came of it; a browser does not tell a page why.',
  429: 'More requests than the route’s throttle lets through. Those above it reach no function; after a moment it is open again.',
};

/** The gateway's own refusals have these bodies; anything else was said by a function. */
const own = { 401: 'Unauthorized', 403: 'Forbidden', 429: 'Too Many Requests' };

export class GatewayLog {
  constructor() {
    this.list = $('gateway-log');
  }

  /** said: {method, path, at, status, took} and, where there are any, body, challenge and note. */
  add(said) {
    const message = messageOf(said.body);
    const byGateway = own[said.status] === message;
    const meaning = said.note ?? (byGateway || !message ? meanings[said.status] : said.status >= 400 && 'The function behind the gateway said so.');
    this.shorten(said, message);
    this.list.prepend(make('li', { dataset: { method: said.method, path: said.path, status: said.status } },
      ...line(said), ...(meaning ? details(said, meaning) : [])));
    while (this.list.children.length > MOST) this.list.lastChild.remove();
    if (meaning && byGateway) $('gateway-said').textContent = `${said.method} ${said.path}: ${said.status}. ${meaning}`;
  }

  /** Of refusals in a row only the newest is told at length. */
  shorten({ method, path, status }, message) {
    const last = this.list.firstElementChild;
    if (!message || last?.dataset.method !== method || last.dataset.path !== path || last.dataset.status !== String(status)) return;
    for (const part of last.querySelectorAll('.body, .challenge, .meaning')) part.remove();
  }

  clear() {
    this.list.replaceChildren();
  }

  /** What the three buttons do. room(): one that there is, for the question that only moderators may ask. */
  provoke(api, session, room) {
    $('provoke-401').addEventListener('click', () => quietly(api.ask('GET', '/api/rooms')));
    $('provoke-403').addEventListener('click', () => quietly(session.token().then((token) =>
      api.ask('DELETE', `/api/rooms/${encodeURIComponent(room())}/members/nobody`, { token }))));
    $('provoke-429').addEventListener('click', () => quietly(session.token().then((token) =>
      Promise.all(Array.from({ length: 5 }, () => api.ask('POST', '/api/rooms', { token, body: { name: '' } }))))));
  }
}

/** Whatever comes of it is in the list. */
const quietly = (promise) => promise.catch(() => {});

function line({ method, path, at, status, took }) {
  const kind = status >= 100 && status < 400 ? 'good' : 'bad';
  return [
    make('span', { className: 'request' }, make('b', {}, method), ` ${path}`),
    make('span', { className: `status ${kind}` }, status === 0 ? 'none' : `${status}`),
    make('span', { className: 'when soft' }, clock(at, { timeStyle: 'medium' }), took === undefined ? '' : ` · ${Math.round(took)} ms`),
  ];
}

function details({ body, challenge }, meaning) {
  return [
    ...(body ? [make('code', { className: 'body' }, body)] : []),
    ...(challenge ? [make('code', { className: 'challenge' }, `WWW-Authenticate: ${challenge}`)] : []),
    make('p', { className: 'meaning' }, meaning),
  ];
}

function messageOf(body) {
  try {
    return JSON.parse(body).message;
  } catch {
    return undefined;
  }
}
