// SPDX-License-Identifier: Apache-2.0
// What people may write.

/** A refusal whose text whoever asked gets to see. */
export class Refusal extends Error {
  constructor(message, statusCode = 400) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** The member of an object, a trimmed text of min to max characters. */
export function readText(object, member, max, min = 1) {
  const value = object?.[member] ?? '';
  const text = typeof value === 'string' ? value.trim() : null;
  if (text === null || [...text].length < min || [...text].length > max)
    throw new Refusal(`"${member}" is a text of ${min} to ${max} characters.`);
  return text;
}

/** The name of a room: it is also a part of paths and of keys. */
export function readRoomName(object, member) {
  const name = readText(object, member, 32);
  if (!/^[a-z0-9-]+$/.test(name)) throw new Refusal(`"${member}" has small letters, digits and hyphens.`);
  return name;
}
