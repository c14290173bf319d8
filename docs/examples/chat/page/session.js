// SPDX-License-Identifier: Apache-2.0
// Who is signed in: the tokens, for as long as the tab is open. One person per tab.

const KEY = 'chat.session';
const EARLY = 60_000; // a token is replaced before it expires: clocks differ, and requests take a while

export class Session {
  /** tokenUse: which of Cognito's tokens the gateway is sent, "id" or "access". ended(why) is called when it is over. */
  constructor(cognito, tokenUse, ended) {
    Object.assign(this, { cognito, tokenUse, ended });
    this.tokens = JSON.parse(sessionStorage.getItem(KEY));
  }

  get open() { return this.tokens !== null; }

  begin(result) {
    this.tokens = { id: result.IdToken, access: result.AccessToken, refresh: result.RefreshToken ?? this.tokens?.refresh };
    sessionStorage.setItem(KEY, JSON.stringify(this.tokens));
  }

  end(why = '') {
    if (!this.open) return;
    this.tokens = null;
    sessionStorage.removeItem(KEY);
    this.ended(why);
  }

  /** The token to send; a new one when the old one is about to expire. */
  async token() {
    if (!this.open) throw new Error('Nobody is signed in.');
    if (expiry(this.tokens[this.tokenUse]) > Date.now() + EARLY) return this.tokens[this.tokenUse];
    return this.refresh();
  }

  /** A new token. If the user pool says no, the session is over; if it says nothing, another try may do. */
  async refresh() {
    this.refreshing ??= this.replace().finally(() => { this.refreshing = null; });
    await this.refreshing;
    return this.tokens[this.tokenUse];
  }

  async replace() {
    const old = this.tokens;
    try {
      const result = await this.cognito.refresh(old.refresh);
      if (this.tokens !== old) throw new Error('Somebody else signed in.');
      this.begin(result);
    } catch (error) {
      if (this.tokens === old && error.type) this.end('The session has ended. Please sign in again.');
      throw error;
    }
  }
}

/** When a JWT expires, in milliseconds; 0 for what is no JWT. It is read, not checked: that is the gateway's work. */
function expiry(token) {
  try {
    return JSON.parse(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/'))).exp * 1000;
  } catch {
    return 0;
  }
}
