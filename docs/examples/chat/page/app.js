// SPDX-License-Identifier: Apache-2.0
// What the page starts with: the settings, then the door or, for who is signed in already, the chat.
import { $, tell } from './dom.js';
import { Api } from './api.js';
import { Chat } from './chat.js';
import { Cognito } from './cognito.js';
import { Door } from './door.js';
import { GatewayLog } from './gateway-log.js';
import { Session } from './session.js';

const log = new GatewayLog();
const hear = (said) => log.add(said);

async function start() {
  const { status, output: settings } = await new Api(null, hear).ask('GET', '/settings.json');
  if (status !== 200 || !settings) throw new Error(`There are no settings: /settings.json was answered ${status}.`);
  const cognito = new Cognito(settings);
  const session = new Session(cognito, settings.tokenUse, (why) => {
    chat.stop();
    log.clear();
    door.show(why);
  });
  const api = new Api(session, hear);
  const chat = new Chat(api, session, hear);
  const door = new Door(settings, cognito, (result) => {
    session.begin(result);
    door.hide();
    chat.start();
  });
  log.provoke(api, session, () => chat.room ?? 'lobby');
  if (session.open) chat.start();
  else door.show();
}

start().catch((error) => {
  $('door').hidden = false;
  tell($('door-said'), `${error.message} Reload the page to try again.`);
});
