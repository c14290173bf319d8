// What somebody does with the page of docs/examples/chat, and what they see of it. `page`: a tab of
// lib/browser.mjs. The comment at the head of the page's index.html tells which elements it has.

const sees = (page, selector, text = "") => page.until((wanted, part) =>
  [...document.querySelectorAll(wanted)].some((e) => e.checkVisibility() && e.innerText.includes(part)), selector, text);

// Clicks into a field, and types over what it has.
async function fill(page, selector, text) {
  await page.click(selector);
  await page.run((wanted) => document.querySelector(wanted).select(), selector);
  await page.call("Input.insertText", { text });
}

async function pressEnter(page) {
  const key = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 13 };
  await page.call("Input.dispatchKeyEvent", { type: "keyDown", text: "\r", ...key });
  await page.call("Input.dispatchKeyEvent", { type: "keyUp", ...key });
}

// Of several tabs only one is in sight; a page that is not is not drawn, and waits for ever.
export async function openDoor(page, url) {
  await page.call("Emulation.setFocusEmulationEnabled", { enabled: true });
  await page.open(url);
  await sees(page, "#sign-in");
}

export const atDoor = (page, said = "") => sees(page, said ? "#door-said" : "#door", said);

// Waits until the chat is there and the socket is open; in `room`, where there is one.
export async function inChat(page, room) {
  await sees(page, "#chat");
  await sees(page, '#state[data-state="connected"]');
  if (room) await inRoom(page, room);
}

export async function signIn(page, { email, password, room }) {
  await page.click("#tab-sign-in");
  await fill(page, "#sign-in [name=email]", email);
  await fill(page, "#sign-in [name=password]", password);
  await page.click("#sign-in button.wide");
  if (room !== null) await inChat(page, room);
}

export async function signInAs(page, demo, room) {
  await page.click(`#demo button[data-email="${demo}"]`);
  await page.click("#sign-in button.wide");
  await inChat(page, room);
}

// code(email): a promise of the code that was sent.
export async function signUp(page, { name, email, password, code, room }) {
  await page.click("#tab-sign-up");
  await fill(page, "#sign-up [name=name]", name);
  await fill(page, "#sign-up [name=email]", email);
  await fill(page, "#sign-up [name=password]", password);
  await page.click("#sign-up button.wide");
  await sees(page, "#confirm");
  await confirm(page, await code(email));
  await inChat(page, room);
}

export async function confirm(page, code) {
  await fill(page, "#confirm [name=code]", code);
  await page.click("#confirm button.wide");
}

export async function signOut(page) {
  await page.click("#sign-out");
  await sees(page, "#sign-in");
}

// Waits until one may speak there; `write: false` for who may only read.
export async function inRoom(page, room, { write = true } = {}) {
  await page.until((name) => document.querySelector(`#rooms a[aria-current="page"]`)?.dataset.room === name, room);
  await page.until((wanted, you) => document.querySelector(wanted) && document.querySelectorAll("#members li").length >= you, write ? "#say[data-ready]" : "#say:not([data-ready])", 1);
}

export async function enterRoom(page, room, options) {
  await page.click(`#rooms a[data-room="${room}"]`);
  await inRoom(page, room, options);
}

export async function refreshRooms(page, room) {
  await page.click("#rooms-refresh");
  await page.until((name) => document.querySelector(`#rooms a[data-room="${name}"]`), room);
}

export async function fillRoom(page, name, topic = "") {
  await page.run(() => { document.getElementById("new-room").open = true; });
  await fill(page, "#room-form [name=name]", name);
  if (topic) await fill(page, "#room-form [name=topic]", topic);
  await page.click("#room-form button");
}

// Makes a room; one is in it then.
export async function createRoom(page, name, topic) {
  await fillRoom(page, name, topic);
  await inRoom(page, name);
}

// Types, without sending.
export const write = (page, text) => page.type("#say textarea", text);

export async function say(page, text) {
  await write(page, text);
  await pressEnter(page);
}

// Says it, and waits until it is in the log.
export async function told(page, text) {
  await say(page, text);
  await hears(page, text, { mine: true });
}

// Waits for a message. What follows in the group of one person has no head, so `from` is a sub, or nothing.
export const hears = (page, text, { from, mine } = {}) => page.until((part, sub, own) =>
  [...document.querySelectorAll("#messages .message")].find((e) => e.querySelector(".text").textContent.includes(part) &&
    (sub === null || e.dataset.from === sub) && (own === null || e.classList.contains("mine") === own))?.dataset.id, text, from ?? null, mine ?? null);

// The texts of all messages that are in the log.
export const messages = (page) => page.run(() => [...document.querySelectorAll("#messages .message .text")].map((e) => e.textContent));

export const seesEvent = (page, event, text = "") => sees(page, `#messages .event[data-event="${event}"]`, text);

export const seesTyping = (page, name) => sees(page, "#typing", name);

export const seesNobodyTyping = (page) => page.until(() => document.getElementById("typing").textContent === "");

// Waits until those, and nobody else, are in the room.
export const seesMembers = (page, ...names) => page.until((wanted) =>
  JSON.stringify([...document.querySelectorAll("#members .who b")].map((e) => e.textContent).sort()) === wanted, JSON.stringify(names.toSorted()));

// A moderator removes somebody.
export async function remove(page, name) {
  await page.click(`#members button.remove[aria-label="Remove ${name}"]`);
  await page.click('#remove-dialog button[value="yes"]');
}

export const seesNotice = (page, text) => sees(page, "#notice", text);

// Waits until the WebSocket is lost (`away`), or there (`connected`).
export const seesState = (page, state) => sees(page, `#state[data-state="${state}"]`);

// What is said of a refusal beside a form or in a panel: "#room-form", "#say", "#people", "#sign-in" …
export const seesRefusal = (page, where, text) => sees(page, `${where} [role=alert]`, text);

export async function changeProfile(page, { name, about }) {
  await page.click("#me");
  if (name !== undefined) await fill(page, "#profile [name=name]", name);
  if (about !== undefined) await fill(page, "#profile [name=about]", about);
  await page.click("#profile button:not([type])");
  await page.until(() => !document.getElementById("profile").open);
}

// What the profile's dialog shows: {email, name, about, scopes}.
export async function profile(page) {
  await page.click("#me");
  const shown = await page.run(() => {
    const text = (id) => document.getElementById(id).textContent;
    const { name, about } = document.querySelector("#profile form").elements;
    return { email: text("profile-email"), name: name.value, about: about.value, scopes: text("profile-scopes").split(", ") };
  });
  await page.click("#profile [data-close]");
  return shown;
}

// One of the three buttons: 401, 403 or 429.
export const provoke = (page, status) => page.click(`#provoke-${status}`);

// Waits for a line of the panel, and gives the newest that fits: {method, path, status, body, challenge, meaning}.
export const gatewaySaid = (page, status, { method, path } = {}) => page.until((wanted, verb, start) => {
  const item = [...document.querySelectorAll("#gateway-log li")].find(({ dataset }) => dataset.status === wanted &&
    (verb === null || dataset.method === verb) && (start === null || dataset.path.startsWith(start)));
  const text = (name) => item.querySelector(name)?.textContent ?? null;
  return item && { ...item.dataset, body: text(".body"), challenge: text(".challenge"), meaning: text(".meaning") };
}, String(status), method ?? null, path ?? null);
