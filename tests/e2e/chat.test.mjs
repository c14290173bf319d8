// The chat of docs/examples, from outside: what its functions, its user pool and the gateway in front
// of them promise to a client. The page is seen in chat-page.test.mjs.
import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before } from "node:test";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { test } from "./lib/bounded.mjs";
import { api, confirm, connect, enterRoom, pool, putRow, signIn, signUp, startChat } from "./lib/chat_example.mjs";
import { until } from "./lib/hosted.mjs";
import { get } from "./lib/process.mjs";

const secret = "Correct-horse-1";
let chat, place, ann, bob, eve;
before(async () => {
  chat = await startChat();
  place = chat.place;
  [ann, bob, eve] = await Promise.all(["ann", "bob", "eve"].map((name) => signIn(place, name)));
});
after(() => chat?.stop());

// Everybody opens rooms at the pace of one in two seconds.
async function openRoom(name, topic = "") {
  let answer;
  await until(async () => (answer = await api(place, bob.token, "POST", "/rooms", { name, topic })).status !== 429, `room ${name} may be opened`);
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

const enter = (person, room) => enterRoom(place, person, room);

test("scopes come from the groups, into the ID token alone", async () => {
  assert.deepEqual([ann, bob, eve].map(({ claims }) => claims.scp), ["chat/read chat/write chat/moderate", "chat/read chat/write", "chat/read"]);
  assert.equal((await api(place, bob.token, "GET", "/rooms")).status, 200);
  assert.equal((await api(place, bob.access, "GET", "/rooms")).status, 403, "cognito-local writes one fixed scope into access tokens");
});

test("whoever signs up and confirms may write, and is called as they said", async () => {
  await signUp(place, "dan", secret, "Dan");
  await assert.rejects(signIn(place, "dan", secret), /confirmed/i);
  assert.equal((await confirm(place, "dan", "000000")).status, 400);
  assert.equal((await confirm(place, "dan", await chat.script.code("dan@example.com"))).status, 200);
  const dan = await signIn(place, "dan", secret);
  assert.equal(dan.claims.scp, "chat/read chat/write");
  const { json } = await api(place, dan.token, "GET", "/profile");
  assert.deepEqual(json, { sub: dan.claims.sub, email: "dan@example.com", name: "Dan", about: "", scopes: ["chat/read", "chat/write"] });
});

const names = {
  "no text": ["odd1", ["x", 1], "odd1"],
  "only spaces": ["odd2", "   ", "odd2"],
  "long": ["odd3", "\u{1f388}".repeat(50), "\u{1f388}".repeat(40)],
  "turned around": ["odd4", "\u202eevil", "odd4"],
};
for (const [what, [person, called, name]] of Object.entries(names)) test(`a sign-up whose name is ${what} leaves a name that others can be shown`, async () => {
  await signUp(place, person, secret, called);
  await confirm(place, person, await chat.script.code(`${person}@example.com`));
  const { token } = await signIn(place, person, secret);
  assert.equal((await api(place, token, "GET", "/profile")).json.name, name);
});

test("what a sign-up calls its address is printed without escapes, and as one address", async () => {
  const Username = "esc\u001b[31m@example.com\nDestination: ann@example.com";
  assert.equal((await pool(place, "SignUp", { Username, Password: secret, UserAttributes: [{ Name: "email", Value: Username }] })).status, 200);
  await chat.script.line(/^Mail for esc\?\[31m@example\.com: the code is \d{6}$/);
});

test("a user pool that gives scopes to access tokens is answered in its own form", async () => {
  process.env.AWS_REGION = "us-east-1";
  const { preTokenGeneration } = await import("../../docs/examples/chat/functions/triggers.mjs");
  const event = { version: "2", userName: "ann", request: { groupConfiguration: { groupsToOverride: ["moderators", "elsewhere"] } }, response: {} };
  const { response } = await preTokenGeneration(event, { functionName: "f", awsRequestId: "r" });
  assert.deepEqual(response, { claimsAndScopeOverrideDetails: { accessTokenGeneration: { scopesToAdd: ["chat/read", "chat/write", "chat/moderate"] } } });
});

test("the gateway's refusals: 401, 403, and 429 on the one route that is throttled tightly", async () => {
  const none = await api(place, null, "GET", "/rooms");
  assert.deepEqual([none.status, none.text, none.headers.get("www-authenticate")], [401, '{"message":"Unauthorized"}', "Bearer"]);
  const forged = await api(place, `${bob.token}x`, "GET", "/rooms");
  assert.equal(forged.status, 401);
  assert.match(forged.headers.get("www-authenticate"), /error="invalid_token"/);
  const narrow = await api(place, eve.token, "PUT", "/profile", { name: "Eve" });
  assert.deepEqual([narrow.status, narrow.text], [403, '{"message":"Forbidden"}']);
  assert.match(narrow.headers.get("www-authenticate"), /scope="chat\/write" error="insufficient_scope"/);
  assert.equal((await api(place, bob.token, "DELETE", "/rooms/lobby/members/nobody")).status, 403);

  const many = await Promise.all(Array.from({ length: 6 }, () => api(place, bob.token, "POST", "/rooms", {})));
  assert.ok(many.filter(({ status }) => status === 429).length >= 3, "two at once, one in two seconds");
  assert.equal(many.find(({ status }) => status === 429).text, '{"message":"Too Many Requests"}');
  assert.equal((await api(place, bob.token, "GET", "/rooms")).status, 200, "others are not held back");
});

test("rooms: opened once, listed by name, refused with a reason", async () => {
  const room = await openRoom("attic", "Old things");
  assert.deepEqual([room.name, room.topic, room.createdBy], ["attic", "Old things", { sub: bob.claims.sub, name: "Bob" }]);
  const { json: { rooms } } = await api(place, eve.token, "GET", "/rooms");
  assert.deepEqual(rooms.map(({ name }) => name), ["attic", "cooking", "lobby"]);
  const refused = { "taken": [{ name: "attic" }, 409], "capitals": [{ name: "Attic" }, 400], "no name": [{}, 400], "a topic that is none": [{ name: "x", topic: 1 }, 400] };
  for (const [what, [body, status]] of Object.entries(refused)) {
    let answer;
    await until(async () => (answer = await api(place, bob.token, "POST", "/rooms", body)).status !== 429, what);
    assert.equal(answer.status, status, what);
    assert.ok(answer.json.message.length > 10, what);
  }
});

test("a profile is changed by its owner; the name is seen by others", async () => {
  assert.equal((await api(place, bob.token, "PUT", "/profile", { name: "  Robert ", about: "Cooks" })).json.name, "Robert");
  assert.equal((await api(place, bob.token, "GET", "/profile")).json.about, "Cooks");
  for (const name of ["\u05e9\u05dc\u05d5\u05dd", "\u{1f469}\u200d\u{1f373}"]) assert.equal((await api(place, bob.token, "PUT", "/profile", { name })).json.name, name);
  await api(place, bob.token, "PUT", "/profile", { name: "Robert" });
  const unfit = ["\u202eevil", "a\nb", "\u0000", "\u200b", "\ud800"].map((name) => ({ name }));
  for (const body of [{}, { name: "x".repeat(41) }, { name: "x", about: [] }, "no object", null, undefined, ...unfit])
    assert.equal((await api(place, bob.token, "PUT", "/profile", body)).status, 400, JSON.stringify(body));
  const connection = await enter(bob, "cooking");
  assert.deepEqual(connection.members, ["Robert"]);
  await connection.close();
  await api(place, bob.token, "PUT", "/profile", { name: "Bob", about: "" });
});

test("joining, talking, typing, asking, leaving", async () => {
  const first = await enter(ann, "lobby"), second = await enter(bob, "lobby");
  assert.deepEqual([first.members, second.members], [["Ann"], ["Ann", "Bob"]]);
  assert.equal((await first.next("joined")).member.name, "Bob");
  second.send("typing");
  assert.equal((await first.next("typing")).from.name, "Bob");
  second.send("send", { text: " <b>Grüße</b> \u{1f388} " });
  const heard = await first.next("message");
  assert.deepEqual([heard.text, heard.from, heard.room], ["<b>Grüße</b> \u{1f388}", { sub: bob.claims.sub, name: "Bob" }, "lobby"]);
  assert.deepEqual(await second.next("message"), heard, "the sender hears it, too");
  first.send("who");
  assert.deepEqual((await first.next("members")).members.map(({ name, moderator }) => [name, moderator]).sort(), [["Ann", true], ["Bob", false]]);
  first.send("ping");
  assert.ok((await first.next("pong")).connectionId);
  second.send("leave");
  assert.equal((await second.next("left")).member.name, "Bob");
  const left = await first.next("left");
  assert.deepEqual([left.member.name, left.removed], ["Bob", undefined]);
  assert.equal(second.heard.some(({ type }) => type === "typing"), false, "who types is not told of it");
  await first.close();
  await second.close();
});

test("who is there with two tabs comes once, and goes with the last", async () => {
  const watching = await enter(ann, "cooking");
  const one = await enter(bob, "cooking");
  await watching.next("joined");
  const two = await enter(bob, "cooking");
  assert.deepEqual(two.members, ["Ann", "Bob"]);
  await one.close();
  two.send("send", { text: "still here" });
  await watching.next("message");
  assert.deepEqual(watching.heard, [], "neither joined again nor left");
  await two.close();
  assert.equal((await watching.next("left")).member.name, "Bob");
  watching.send("ping");
  await watching.next("pong");
  assert.deepEqual(watching.heard, [], "he left once");
  await watching.close();
});

const seenBy = async (connection) => {
  connection.send("who");
  return (await connection.next("members")).members.map(({ name }) => name);
};

test("who joins two rooms at once is in one of them, and nowhere once they are gone", async () => {
  const watching = { lobby: await enter(ann, "lobby"), cooking: await enter(ann, "cooking") };
  for (let n = 0; n < 5; n++) {
    const connection = await connect(place, bob.token);
    for (const room of Object.keys(watching)) connection.send("join", { room });
    for (let answers = 0; answers < 2; answers++) await connection.next("members");
    const rooms = await Promise.all(Object.values(watching).map(seenBy));
    assert.equal(rooms.flat().filter((name) => name === "Bob").length, 1, JSON.stringify(rooms));
    await connection.close();
    for (const watch of Object.values(watching)) await until(async () => (await seenBy(watch)).length === 1, "Bob is gone");
  }
  for (const watch of Object.values(watching)) await watch.close();
});

test("a member that nobody took away is gone with the next message", async () => {
  const watching = await enter(ann, "cooking"), gone = await connect(place, eve.token);
  gone.send("ping");
  const { connectionId } = await gone.next("pong");
  await gone.close();
  const member = { connectionId, room: "cooking", sub: eve.claims.sub, name: "Eve", moderator: false, endpoint: `https://localhost:${place.tlsPort}/ws` };
  await putRow(place, { pk: "room#cooking", sk: `member#${connectionId}`, ...member });
  assert.deepEqual((await seenBy(watching)).sort(), ["Ann", "Eve"]);
  watching.send("send", { text: "anybody?" });
  assert.equal((await watching.next("left")).member.name, "Eve");
  assert.deepEqual(await seenBy(watching), ["Ann"]);
  await watching.close();
});

test("who is removed while joining is not in the room", async () => {
  process.env.AWS_REGION = "us-east-1";
  const { Room } = await import("../../docs/examples/chat/functions/room.mjs");
  const done = [];
  let banned = false; // after the function has asked, before the member is there
  const store = { listMembers: async () => [], isBanned: async () => banned, enter: async () => { done.push("enter"); banned = true; }, leave: async () => { done.push("leave"); } };
  assert.equal(await new Room(store).enter({ connectionId: "c", room: "r", sub: "s", name: "S", moderator: false }), false);
  assert.deepEqual(done, ["leave", "enter", "leave"]);
});

const refusals = {
  "a room that is not there": ["join", { room: "nowhere" }, /no room "nowhere"/],
  "no room": ["join", {}, /"room"/],
  "a room with a slash": ["join", { room: "a/b" }, /small letters/],
  "no text": ["send", {}, /"text"/],
  "a long text": ["send", { text: "x".repeat(2001) }, /1 to 2000/],
  "an unknown action": ["dance", {}, /the actions are join, send, typing, who, leave and ping/],
};
for (const [what, [action, more, why]] of Object.entries(refusals))
  test(`${what} is refused, to the sender alone`, async () => {
    const connection = await enter(bob, "cooking"), other = await enter(ann, "cooking");
    await connection.next("joined");
    connection.send(action, more);
    assert.match((await connection.next("error")).message, why);
    other.send("ping");
    await other.next("pong");
    assert.deepEqual(other.heard, []);
    await connection.close();
    await other.close();
  });

test("no JSON, and talking outside of a room", async () => {
  const connection = await connect(place, bob.token);
  connection.text("hello");
  assert.match((await connection.next("error")).message, /A message is JSON/);
  for (const action of ["send", "typing", "who", "leave"]) {
    connection.send(action, { text: "x" });
    assert.match((await connection.next("error")).message, /in no room/);
  }
  await connection.close();
});

test("without chat/write one may listen, not talk", async () => {
  const connection = await enter(eve, "lobby");
  connection.send("send", { text: "hello" });
  assert.match((await connection.next("error")).message, /no chat\/write/);
  await connection.close();
});

test("connecting takes a token", async () => {
  for (const token of ["", "x", `${bob.token}x`]) await assert.rejects(connect(place, token), /401/);
  await assert.rejects(connect(place, bob.access), /403/);
});

test("history: pages from the newest to the oldest, each in order", async () => {
  const connection = await enter(bob, "attic");
  for (let n = 0; n < 5; n++) {
    connection.send("send", { text: `message ${n}` });
    await connection.next("message");
  }
  await connection.close();
  const pages = [];
  let before = "";
  do {
    const { status, json } = await api(place, eve.token, "GET", `/rooms/attic/messages?limit=2${before && `&before=${encodeURIComponent(before)}`}`);
    assert.equal(status, 200);
    if (json.messages.length) pages.push(json.messages.map(({ text }) => text));
    before = json.before;
  } while (before);
  assert.deepEqual(pages, [["message 3", "message 4"], ["message 1", "message 2"], ["message 0"]]);
  assert.equal((await api(place, eve.token, "GET", "/rooms/nowhere/messages")).status, 404);
  for (const before of ["~", "\u00e9", "x", "#", "z".repeat(1100), '{"pk":"rooms"}'])
    assert.equal((await api(place, eve.token, "GET", `/rooms/attic/messages?before=${encodeURIComponent(before)}`)).status, 400, before);
  for (const limit of ["0", "101", "x"]) assert.equal((await api(place, eve.token, "GET", `/rooms/attic/messages?limit=${limit}`)).status, 400, limit);
});

test("a moderator removes somebody: told, closed, and not let in again", async () => {
  await openRoom("cellar");
  const moderator = await enter(ann, "cellar"), theirs = [await enter(bob, "cellar"), await enter(bob, "cellar")];
  const path = `/rooms/cellar/members/${bob.claims.sub}`;
  assert.equal((await api(place, bob.token, "DELETE", path)).status, 403, "only the group `moderators` may");
  assert.equal((await api(place, ann.token, "DELETE", `/rooms/cellar/members/${ann.claims.sub}`)).status, 400, "nobody removes themselves");
  assert.equal((await api(place, ann.token, "DELETE", path)).status, 204);
  for (const connection of theirs) {
    assert.deepEqual((await connection.next("removed")).by, { sub: ann.claims.sub, name: "Ann" });
    assert.equal(await connection.closed, 1000);
  }
  const left = await moderator.next("left");
  assert.deepEqual([left.member.name, left.removed], ["Bob", true]);
  const again = await connect(place, bob.token);
  again.send("join", { room: "cellar" });
  assert.match((await again.next("error")).message, /moderator has removed you/);
  again.send("join", { room: "lobby" });
  await again.next("members");
  await again.close();
  moderator.send("who");
  assert.deepEqual((await moderator.next("members")).members.map(({ name }) => name), ["Ann"]);
  assert.equal(moderator.heard.some(({ type }) => type === "left"), false, "it is missed once");
  await moderator.close();
});

const strange = { "a%25b": 400, "a%23b": 400, "a%3Fb": 400, [`${"x".repeat(1100)}`]: 400, "%2e%2e": 404, nobody: 204 };
test("what is decoded in a path is neither a separator nor decoded again", async () => {
  for (const [sub, status] of Object.entries(strange)) assert.equal((await api(place, ann.token, "DELETE", `/rooms/lobby/members/${sub}`)).status, status, sub);
  for (const room of ["lobby%23x", "lobby%3Fx", "a%25b", "x".repeat(1100), "__proto__"])
    assert.equal((await api(place, bob.token, "GET", `/rooms/${room}/messages`)).status, 404, room);
});

test("who talks too fast is told by the gateway", async () => {
  const slow = await startChat((copy) => {
    const file = copy.file("turnpike.yaml"), text = fs.readFileSync(file, "utf8");
    fs.writeFileSync(file, text.replace("send: {throttlingRateLimit: 20, throttlingBurstLimit: 40}", "send: {throttlingRateLimit: 0.01, throttlingBurstLimit: 2}"));
  });
  try {
    const connection = await connect(slow.place, (await signIn(slow.place, "bob")).token);
    connection.send("join", { room: "lobby" });
    await connection.next("members");
    for (let n = 0; n < 3; n++) connection.send("send", { text: `${n}` });
    await until(() => connection.heard.some(({ message }) => message === "Too Many Requests"), "a refusal");
    for (let n = 0; n < 2; n++) await connection.next("message");
    await connection.close();
  } finally { await slow.stop(); }
});

test("the user pool's key invokes the two triggers and nothing else; without a signature nobody does", async () => {
  const secretAccessKey = fs.readFileSync(place.file("state/user-pool.secret"), "utf8").trim();
  const endpoint = `http://127.0.0.1:${place.ports[3001]}`;
  const client = new LambdaClient({ endpoint, region: "us-east-1", credentials: { accessKeyId: "user-pool", secretAccessKey } });
  const Payload = JSON.stringify({ userName: "x", request: { groupConfiguration: { groupsToOverride: [] } } });
  const answer = await client.send(new InvokeCommand({ FunctionName: "chat-tokens", Payload }));
  assert.equal(JSON.parse(Buffer.from(answer.Payload)).response.claimsOverrideDetails.claimsToAddOrOverride.scp, "chat/read");
  await assert.rejects(client.send(new InvokeCommand({ FunctionName: "chat-rest", Payload })), { name: "AccessDeniedException" });
  assert.equal((await fetch(`${endpoint}/2015-03-31/functions/chat-tokens/invocations`, { method: "POST", body: Payload })).status, 403);
});

test("the page: its files, what they may do, and no others", async () => {
  const index = await get(place.port, "/");
  assert.equal(index.status, 200);
  assert.match(index.headers["content-type"], /^text\/html/);
  assert.match(index.headers["content-security-policy"], /default-src 'self'; connect-src 'self' http:\/\/localhost:\d+\/;/);
  for (const [, file] of index.text.matchAll(/(?:src|href)="([a-z][a-z0-9./-]*)"/g)) assert.equal((await get(place.port, `/${file}`)).status, 200, file);
  const settings = JSON.parse((await get(place.port, "/settings.json")).text);
  assert.deepEqual([settings.cognitoEndpoint, settings.tokenUse, settings.demo.length], [place.cognito, "id", 3]);
  for (const target of ["/turnpike.yaml", "/..%2fturnpike.yaml", "/%2e%2e%2fstate%2fuser-pool.secret", "/nothing.html", "/page.mjs"])
    assert.equal((await get(place.port, target)).status, 404, target);
});
