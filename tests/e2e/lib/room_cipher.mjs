// What the room clients encrypt: bodies and locked room keys (section 6), with `debeem-cipher`.

import cipher from 'debeem-cipher';
import { randomUUID } from 'node:crypto';

const { AesCrypto } = cipher;

const bodies = new AesCrypto('debeem_password_');
const locks = new AesCrypto('debeem_chat_');

/** `password`: a shared secret in private rooms, the room's key in groups. */
export const seal = (plain, password) => bodies.encrypt(plain, password);
export const open = (sealed, password) => bodies.decrypt(sealed, password);

/** A room key of 35 characters: a UUID without its first hyphen. */
export const newRoomKey = () => randomUUID().replace('-', '');

/** The `password` field of a room. Without a pin code the empty text takes its place. */
export const lock = (roomKey, pinCode = '') => locks.encrypt(JSON.stringify({ value: roomKey }), pinCode);
export const unlock = (locked, pinCode = '') => JSON.parse(locks.decrypt(locked, pinCode)).value;
