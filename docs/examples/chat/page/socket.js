// SPDX-License-Identifier: Apache-2.0
// The WebSocket: it comes back whenever it is lost, and says why it is away.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
const PING = 5 * 60_000; // API Gateway closes what has been silent for ten minutes

const reasons = {
  1000: 'The other side closed the connection',
  1001: 'The gateway is going away, or restarting',
  1005: 'The other side closed the connection',
  1006: 'The connection broke',
  1008: 'The gateway closed the connection: it was not allowed',
  1009: 'A message was too long',
  1011: 'The gateway failed',
  1012: 'The gateway is restarting',
};

export class Socket {
  /**
   * path: of the WebSocket API, on the page's own host; token(): a promise of the token to connect with;
   * probe(): asks the gateway something else, since a browser does not tell why a handshake was refused;
   * opened(), took(message), changed(state, why), hear(said).
   */
  constructor(path, { token, probe, opened, took, changed, hear }) {
    Object.assign(this, { path, token, probe, opened, took, changed, hear });
    this.socket = null;
    this.wanted = false;
    this.turn = 0; // changes when it is stopped: what still waits then is of no interest
  }

  get connected() { return this.socket?.readyState === WebSocket.OPEN; }

  start() {
    this.wanted = true;
    this.failures = 0;
    this.connect();
  }

  stop() {
    this.wanted = this.connecting = false;
    this.turn++;
    clearTimeout(this.timer);
    this.drop()?.close(1000);
  }

  /** At once, where it would have waited. */
  retry() {
    if (this.wanted && !this.socket && !this.connecting) this.connect();
  }

  send(message) {
    if (!this.connected) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  async connect() {
    const turn = this.turn;
    clearTimeout(this.timer);
    this.connecting = true;
    this.changed('connecting');
    const { token, why } = await this.token().then((token) => ({ token }), (error) => ({ why: error.message }));
    if (turn !== this.turn) return;
    this.connecting = false;
    if (token) this.open(token);
    else this.wait(why);
  }

  open(token) {
    const url = new URL(this.path, location.origin.replace(/^http/, 'ws'));
    url.searchParams.set('token', token);
    const started = performance.now();
    const socket = this.socket = new WebSocket(url);
    const said = (status) => this.hear({ method: 'GET', path: this.path, at: Date.now(), status, took: performance.now() - started });
    let open = false;
    socket.onopen = () => {
      open = true;
      said(101);
      this.failures = 0;
      this.pings = setInterval(() => this.send({ action: 'ping' }), PING);
      this.changed('connected');
      this.opened();
    };
    socket.onmessage = ({ data }) => this.took(JSON.parse(data));
    socket.onclose = ({ code, reason }) => {
      if (!open) said(code);
      this.lost(open, code, reason);
    };
  }

  async lost(open, code, reason) {
    this.drop();
    if (open) return this.wait(`${reasons[code] ?? 'The connection was closed'} (${code}${reason && `, ${reason}`}).`);
    const turn = this.turn;
    this.connecting = true;
    const why = await this.probe().then(() => 'The gateway refused the WebSocket, though it accepts the token.', (error) => error.message);
    if (turn !== this.turn) return;
    this.connecting = false;
    this.wait(why);
  }

  /** Longer each time, and never for as long as everybody else. */
  wait(why) {
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.failures++) * (0.5 + Math.random() / 2);
    this.changed('away', `${why} Next try in ${Math.ceil(wait / 1000)} s.`);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  drop() {
    const socket = this.socket;
    clearInterval(this.pings);
    this.socket = null;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    return socket;
  }
}
