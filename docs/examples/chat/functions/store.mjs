// SPDX-License-Identifier: Apache-2.0
// What the chat knows, in one DynamoDB table with the keys `pk` and `sk`:
//
//   pk              sk                     holds
//   rooms           NAME                   a room: topic, createdBy, createdAt
//   room#NAME       message#TIME#ID        a message: from, text
//   room#NAME       member#CONNECTION      a connection that is in the room: who, and where to push
//   room#NAME       removed#SUB            somebody who may not come back
//   connection#ID   connection             in which room it is; expires (TTL) if nobody tells that it ended
//   person#SUB      profile                name, about
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';

const CONNECTION_LIFE = 2 * 3600 + 600; // API Gateway ends connections after two hours

const roomKey = (room) => `room#${room}`;
const connectionKey = (id) => ({ pk: `connection#${id}`, sk: 'connection' });
const memberKey = (room, id) => ({ pk: roomKey(room), sk: `member#${id}` });
const profileKey = (sub) => ({ pk: `person#${sub}`, sk: 'profile' });

/** An item without its keys. */
const bare = ({ pk, sk, expiresAt, ...item }) => item;

export class Store {
  #table;
  #client;

  constructor(table = process.env.TABLE, client = DynamoDBDocumentClient.from(new DynamoDBClient({}))) {
    this.#table = table;
    this.#client = client;
  }

  #send(Command, input) {
    return this.#client.send(new Command({ TableName: this.#table, ...input }));
  }

  async #get(key) {
    return (await this.#send(GetCommand, { Key: key })).Item;
  }

  /** All items of a partition whose sort key begins with a text: pages are followed. */
  async #list(pk, prefix = '') {
    const items = [];
    let from;
    do {
      const page = await this.#send(QueryCommand, {
        KeyConditionExpression: prefix ? 'pk = :pk AND begins_with(sk, :sk)' : 'pk = :pk',
        ExpressionAttributeValues: prefix ? { ':pk': pk, ':sk': prefix } : { ':pk': pk },
        ConsistentRead: true, ExclusiveStartKey: from,
      });
      items.push(...page.Items);
      from = page.LastEvaluatedKey;
    } while (from);
    return items;
  }

  async listRooms() {
    return (await this.#list('rooms')).map(bare);
  }

  /** False where there is one of that name already. */
  async createRoom(room) {
    try {
      await this.#send(PutCommand, {
        Item: { pk: 'rooms', sk: room.name, ...room }, ConditionExpression: 'attribute_not_exists(pk)',
      });
      return true;
    } catch (error) {
      if (error.name === 'ConditionalCheckFailedException') return false;
      throw error;
    }
  }

  async hasRoom(name) {
    return (await this.#get({ pk: 'rooms', sk: name })) !== undefined;
  }

  async addMessage(message) {
    await this.#send(PutCommand, {
      Item: { pk: roomKey(message.room), sk: `message#${new Date(message.at).toISOString()}#${message.id}`, ...message },
    });
  }

  /** The newest messages before a cursor, oldest first, and the cursor of those before them, or null. */
  async listMessages(room, limit, before) {
    const prefix = 'message#';
    const { Items, LastEvaluatedKey } = await this.#send(QueryCommand, {
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
      ExpressionAttributeValues: { ':pk': roomKey(room), ':first': prefix, ':last': `${prefix}~` },
      ScanIndexForward: false, Limit: limit,
      ExclusiveStartKey: before && { pk: roomKey(room), sk: prefix + before },
    });
    return { messages: Items.map(bare).reverse(), before: LastEvaluatedKey?.sk.slice(prefix.length) ?? null };
  }

  /**
   * member: {connectionId, room, sub, name, moderator, mayWrite, endpoint}; it leaves the room where it was. A
   * connection that joins two rooms at once is in the one that its own item names last, and in no other.
   */
  async enter(member) {
    const expiresAt = Math.floor(Date.now() / 1000) + CONNECTION_LIFE;
    await this.#send(PutCommand, { Item: { ...memberKey(member.room, member.connectionId), expiresAt, ...member } });
    const { Attributes: before } = await this.#send(PutCommand, {
      Item: { ...connectionKey(member.connectionId), expiresAt, ...member }, ReturnValues: 'ALL_OLD',
    });
    if (before && before.room !== member.room) await this.#send(DeleteCommand, { Key: memberKey(before.room, member.connectionId) });
  }

  async findMember(connectionId) {
    const item = await this.#get(connectionKey(connectionId));
    return item && bare(item);
  }

  /**
   * Who has left, or undefined where the connection was in no room: of two that ask, one is told. room: where it
   * is listed, even if its own item does not say so (whoever wrote the one may have ended before the other).
   */
  async leave(connectionId, room) {
    const { Attributes: own } = await this.#send(DeleteCommand, { Key: connectionKey(connectionId), ReturnValues: 'ALL_OLD' });
    const left = room ?? own?.room;
    if (!left) return undefined;
    const { Attributes } = await this.#send(DeleteCommand, { Key: memberKey(left, connectionId), ReturnValues: 'ALL_OLD' });
    return Attributes && bare(Attributes);
  }

  async listMembers(room) {
    return (await this.#list(roomKey(room), 'member#')).map(bare);
  }

  async ban(room, sub, by) {
    await this.#send(PutCommand, { Item: { pk: roomKey(room), sk: `removed#${sub}`, by } });
  }

  async isBanned(room, sub) {
    return (await this.#get({ pk: roomKey(room), sk: `removed#${sub}` })) !== undefined;
  }

  async findProfile(sub) {
    const item = await this.#get(profileKey(sub));
    return item && bare(item);
  }

  async saveProfile(sub, profile) {
    await this.#send(PutCommand, { Item: { ...profileKey(sub), ...profile } });
  }
}
