// The invitation text that travels outside the server (section 6).

import { GROUP, PRIVATE } from './wallet.mjs';

const OWNER = 1;

/** `{ roomId, chatType, owner, password }` as text, to be copied by hand. */
export function writeInvitation({ roomId, owner, name = 'tea room', password }) {
  const timestamp = Date.now();
  const wallet = owner.wallet.toLowerCase();
  const member = { memberType: OWNER, wallet, publicKey: owner.publicKey, userName: owner.name, userAvatar: owner.avatar, timestamp };
  const chatType = roomId.startsWith('p') ? PRIVATE : GROUP;
  const chatRoom = { wallet, chatType, name, roomId, password, timestamp, members: { [wallet]: member } };
  return JSON.stringify({ version: '1.0', header: 'CHAT_INVITE', chatRoom });
}

/** The room and its owner, or an error as the client has it. */
export function readInvitation(text) {
  const { header, chatRoom } = JSON.parse(text);
  if (header !== 'CHAT_INVITE') throw new Error('not an invitation');
  return { ...chatRoom, owner: chatRoom.members[chatRoom.wallet] };
}
