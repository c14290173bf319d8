// SPDX-License-Identifier: Apache-2.0
// The chat in containers as its clients see it, one step at a time: ./docker-chat.sh calls it.
//   CHAT_PORT=… CHAT_COGNITO_PORT=… chat.mjs STEP [ARGUMENT]
import assert from "node:assert/strict";
import { api, confirm, connect, enterRoom, signIn, signUp } from "../e2e/lib/chat_example.mjs";

const { CHAT_PORT: port, CHAT_COGNITO_PORT: cognitoPort } = process.env;
const place = { port, cognito: `http://localhost:${cognitoPort}/` };
const secret = "Correct-horse-1";

const enter = (person, room) => enterRoom(place, person, room);

const steps = {
  async page() {
    const index = await fetch(`http://localhost:${port}/`);
    assert.equal(index.status, 200);
    for (const [, file] of (await index.text()).matchAll(/(?:src|href)="([a-z][a-z0-9./-]*)"/g))
      assert.equal((await fetch(`http://localhost:${port}/${file}`)).status, 200, file);
    const { cognitoEndpoint, demo, ...settings } = await (await fetch(`http://localhost:${port}/settings.json`)).json();
    assert.deepEqual([cognitoEndpoint, demo.length], ["http://localhost:9229/", 3]);
    assert.match(JSON.stringify(settings), /docker compose logs stand-ins/);
    assert.equal((await fetch(`http://127.0.0.1:${port}/_aws/execute-api/chat-rest/$default/health`)).status, 200, "pathForm: always");
  },

  async "sign-up"() {
    assert.equal((await signUp(place, "dan", secret, "Dan")).status, 200);
    await assert.rejects(signIn(place, "dan", secret), /confirmed/i);
  },

  // The two triggers: one has made Dan a writer, the other has put that into the token.
  async confirm(code) {
    assert.equal((await confirm(place, "dan", code)).status, 200);
    const { token, claims } = await signIn(place, "dan", secret);
    assert.equal(claims.scp, "chat/read chat/write");
    assert.equal((await api(place, token, "GET", "/profile")).json.name, "Dan");
  },

  async refusals() {
    const none = await api(place, null, "GET", "/rooms");
    assert.deepEqual([none.status, none.text], [401, '{"message":"Unauthorized"}']);
    assert.match(none.headers.get("x-turnpike-reason"), /./);
    const [bob, eve] = [await signIn(place, "bob"), await signIn(place, "eve")];
    assert.equal((await api(place, `${bob.token}x`, "GET", "/rooms")).status, 401);
    assert.equal((await api(place, eve.token, "PUT", "/profile", { name: "Eve" })).status, 403);
    assert.equal((await api(place, bob.token, "DELETE", "/rooms/lobby/members/nobody")).status, 403);
    await assert.rejects(connect(place, "none"), /401/);
  },

  // What one says, the other is told through @connections, by the certificate of the gateway.
  async talk() {
    const ann = await enter(await signIn(place, "ann"), "lobby"), person = await signIn(place, "bob"), bob = await enter(person, "lobby");
    assert.deepEqual(bob.members, ["Ann", "Bob"]);
    assert.equal((await ann.next("joined")).member.name, "Bob");
    bob.send("send", { text: "hello" });
    for (const connection of [ann, bob]) {
      const { from, text } = await connection.next("message");
      assert.deepEqual([from.name, text], ["Bob", "hello"]);
    }
    const { json } = await api(place, person.token, "GET", "/rooms/lobby/messages");
    assert.match(JSON.stringify(json), /"hello"/);
    await bob.close();
    assert.equal((await ann.next("left")).member.name, "Bob");
    await ann.close();
  },

  async remove() {
    const [ann, bob] = [await signIn(place, "ann"), await signIn(place, "bob")], theirs = await enter(bob, "cooking");
    assert.equal((await api(place, ann.token, "DELETE", `/rooms/cooking/members/${bob.claims.sub}`)).status, 204);
    assert.equal((await theirs.next("removed")).by.name, "Ann");
    assert.equal(await theirs.closed, 1000);
  },

  async stay() {
    const connection = await enter(await signIn(place, "ann"), "lobby");
    console.log("connected");
    assert.equal(await connection.closed, 1001);
  },

  async again() {
    const { token, claims } = await signIn(place, "dan", secret);
    assert.equal(claims.scp, "chat/read chat/write");
    assert.match((await api(place, token, "GET", "/rooms/lobby/messages")).text, /"hello"/);
  },

  async anew() {
    await assert.rejects(signIn(place, "dan", secret), /cannot sign in/);
    const { token } = await signIn(place, "ann");
    const { status, text } = await api(place, token, "GET", "/rooms/lobby/messages");
    assert.equal(status, 200);
    assert.doesNotMatch(text, /"hello"/);
  },
};

const [name, ...args] = process.argv.slice(2);
await steps[name](...args);
process.exit(0);
