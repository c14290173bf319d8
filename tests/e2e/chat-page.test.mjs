// The page of the chat, in a browser: what people do, and what they see of each other and of the gateway.
import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before } from "node:test";
import { test } from "./lib/bounded.mjs";
import { skipWithoutBrowser, startBrowser } from "./lib/browser.mjs";
import * as page from "./lib/chat_page.mjs";
import { copyChat, password, startScript } from "./lib/chat_example.mjs";

let place, script, browser, url;
before(async () => {
  if (skipWithoutBrowser.skip) return;
  place = await copyChat();
  script = await startScript(place);
  await script.ready();
  browser = await startBrowser();
  url = `http://localhost:${place.port}/`;
});
after(async () => {
  await browser?.stop();
  await script?.finish();
  place?.remove();
});

// What a page may complain of: refusals that were provoked, and connections that were ended.
const expected = /responded with a status of (400|401|403|404|429)|WebSocket connection to|ERR_CONNECTION_REFUSED/;

// Tabs of different people, who see nothing of each other's sessions.
async function withTabs(count, fn, scheme = url) {
  const hosts = [place.port, place.tlsPort, place.ports[9229]].map((port) => `localhost:${port}`);
  const tabs = [];
  for (let n = 0; n < count; n++) tabs.push(await browser.page(...hosts));
  try {
    for (const tab of tabs) await page.openDoor(tab, scheme);
    await fn(...tabs);
    for (const tab of tabs) assert.deepEqual([tab.refused, tab.complaints.filter((text) => !expected.test(text))], [[], []]);
  } finally {
    for (const tab of tabs) await tab.close();
  }
}

const signUp = (tab, name) => page.signUp(tab, { name, email: `${name.toLowerCase()}@example.com`, password: "Correct-horse-1", code: script.code, room: "lobby" });

// A room may be opened every two seconds: asks until it is let through.
async function openRoom(tab, name) {
  await page.fillRoom(tab, name, "A topic");
  while (!await tab.until((wanted) => {
    const shown = document.querySelector('#rooms a[aria-current="page"]')?.dataset.room === wanted;
    return shown ? "shown" : document.querySelector("#room-form [role=alert]")?.checkVisibility() && "refused";
  }, name).then((outcome) => outcome === "shown")) await page.fillRoom(tab, name, "A topic");
  await page.inRoom(tab, name);
}

test("two people sign up with codes, see each other, and talk", skipWithoutBrowser, () => withTabs(2, async (carl, dora) => {
  await signUp(carl, "Carl");
  await signUp(dora, "Dora");
  for (const tab of [carl, dora]) await page.seesMembers(tab, "Carl", "Dora");
  await page.seesEvent(carl, "joined", "Dora");
  await page.told(carl, "<b>Hello</b> & welcome");
  await page.hears(dora, "<b>Hello</b> & welcome", { mine: false });
  await page.write(dora, "Good day");
  await page.seesTyping(carl, "Dora");
  await page.say(dora, "");
  await page.hears(carl, "Good day");
  await page.signOut(dora);
  await page.seesMembers(carl, "Carl");
}));

test("401, 403 and 429: what the gateway said, and what it means", skipWithoutBrowser, () => withTabs(1, async (bob) => {
  await page.signInAs(bob, "bob@example.com", "lobby");
  const said = {};
  for (const status of [401, 403, 429]) {
    await page.provoke(bob, status);
    said[status] = await page.gatewaySaid(bob, status);
    assert.ok(said[status].meaning.length > 20);
  }
  assert.deepEqual(Object.values(said).map(({ method, body }) => [method, body]), [
    ["GET", '{"message":"Unauthorized"}'], ["DELETE", '{"message":"Forbidden"}'], ["POST", '{"message":"Too Many Requests"}'],
  ]);
  assert.match(said[401].challenge, /Bearer/);
  assert.match(said[403].challenge, /scope="chat\/moderate" error="insufficient_scope"/);
  await page.fillRoom(bob, "hurry");
  await page.seesRefusal(bob, "#room-form", "Too many rooms");
}));

test("a moderator removes somebody, who is told and cannot come back", skipWithoutBrowser, () => withTabs(2, async (ann, bob) => {
  await page.signInAs(ann, "ann@example.com", "lobby");
  await page.signInAs(bob, "bob@example.com", "lobby");
  await openRoom(ann, "corner");
  await page.refreshRooms(bob, "corner");
  await page.enterRoom(bob, "corner");
  await page.seesMembers(ann, "Ann", "Bob");
  assert.equal(await bob.run(() => document.querySelectorAll("#members .remove").length), 0, "who is no moderator has no such button");
  await page.remove(ann, "Bob");
  await page.seesNotice(bob, "Ann removed you");
  await page.seesEvent(ann, "removed", "Bob");
  await page.seesMembers(ann, "Ann");
  await page.enterRoom(bob, "lobby");
  await bob.open(`${url}?again#corner`);
  await page.seesNotice(bob, "removed you");
}));

test("a profile is changed, and the room hears of it", skipWithoutBrowser, () => withTabs(1, async (ann) => {
  await page.signInAs(ann, "ann@example.com", "lobby");
  await page.enterRoom(ann, "cooking");
  await page.changeProfile(ann, { name: "Ann the First", about: "Opens doors" });
  await page.seesMembers(ann, "Ann the First");
  assert.deepEqual(await page.profile(ann), { email: "ann@example.com", name: "Ann the First", about: "Opens doors", scopes: ["chat/read", "chat/write", "chat/moderate"] });
  await page.changeProfile(ann, { name: "Ann", about: "" });
}));

test("who may only read cannot write; a wrong password; by TLS", skipWithoutBrowser, () => withTabs(1, async (eve) => {
  await page.signIn(eve, { email: "eve@example.com", password: "wrong", room: null });
  await page.seesRefusal(eve, "#sign-in", "");
  await page.signIn(eve, { email: "eve@example.com", password, room: null });
  await page.inRoom(eve, "lobby", { write: false });
  await page.seesState(eve, "connected");
}, `https://localhost:${place.tlsPort}/`));

test("the gateway restarts: the page comes back to its room, with what was said before; a token that was refused is made anew", skipWithoutBrowser, () => withTabs(2, async (ann, bob) => {
  await page.signInAs(ann, "ann@example.com", "lobby");
  await page.enterRoom(ann, "cooking");
  await page.signInAs(bob, "bob@example.com", "lobby");
  await page.enterRoom(bob, "cooking");
  await page.told(ann, "before");
  await page.hears(bob, "before");
  await script.finish();
  await page.seesState(ann, "away");
  script = await startScript(place);
  await script.ready();
  for (const tab of [ann, bob]) await page.inChat(tab, "cooking");
  await page.told(ann, "after");
  await page.hears(bob, "after");
  await bob.open(`${url}?reloaded#cooking`);
  await page.inChat(bob, "cooking");
  await page.hears(bob, "after");
  assert.deepEqual((await page.messages(bob)).slice(-2), ["before", "after"]);

  await bob.run(() => {
    const session = JSON.parse(sessionStorage.getItem("chat.session"));
    sessionStorage.setItem("chat.session", JSON.stringify({ ...session, id: `${session.id.slice(0, -6)}AAAAAA` }));
  });
  await bob.open(`${url}?stale#cooking`);
  await page.inChat(bob, "cooking");
  assert.match((await page.gatewaySaid(bob, 401)).challenge, /invalid_token/);
  await page.told(bob, "with a new token");
}));

// The module alone: no browser is needed for it.
test("a user pool that is away ends no session; one that says no does", async () => {
  const file = new URL("../../docs/examples/chat/page/session.js", import.meta.url);
  const { Session } = await import(`data:text/javascript,${encodeURIComponent(fs.readFileSync(file, "utf8"))}`);
  const kept = new Map([["chat.session", JSON.stringify({ id: "x", refresh: "y" })]]);
  globalThis.sessionStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key) };
  const ended = [];
  let error = new Error("The user pool does not answer");
  const session = new Session({ refresh: async () => { throw error; } }, "id", (why) => ended.push(why));
  await assert.rejects(session.token(), error);
  assert.deepEqual([session.open, ended], [true, []]);
  error = Object.assign(new Error("no"), { type: "NotAuthorizedException" });
  await assert.rejects(session.token(), error);
  assert.deepEqual([session.open, ended.length, kept.size], [false, 1, 0]);
});
