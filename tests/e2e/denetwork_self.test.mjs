// The room tools against the published vectors, without a node.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import id from 'debeem-id';
import { lock, open, seal, unlock } from './lib/room_cipher.mjs';
import { readInvitation, writeInvitation } from './lib/invitation.mjs';
import { isGenuine, Person, signed } from './lib/wallet.mjs';

const vectors = JSON.parse(readFileSync(new URL('vectors/denetwork.json', import.meta.url)));
const alice = new Person('Alice', vectors.alice.privateKey);
const bob = new Person('Bob', vectors.bob.privateKey);

test('wallets, their keys and the shared secret', () => {
  for (const [person, vector] of [[alice, vectors.alice], [bob, vectors.bob]]) {
    assert.equal(person.publicKey, vector.publicKey);
    assert.equal(person.wallet.toLowerCase(), vector.address.toLowerCase());
  }
  assert.equal(alice.sharedSecret(bob.publicKey), vectors.ecdhSharedSecret);
  assert.equal(bob.sharedSecret(alice.publicKey), vectors.ecdhSharedSecret);
});

for (const { name, wireJson, hash, sig, canonical } of vectors.signing) {
  test(`signing: ${name}`, async () => {
    const payload = JSON.parse(wireJson);
    assert.equal(await id.Web3Encoder.encode(payload), canonical);
    assert.ok(await isGenuine(payload));
    const key = payload.wallet.toLowerCase() === vectors.bob.address.toLowerCase() ? bob.privateKey : alice.privateKey;
    const again = await signed(payload, key);
    assert.deepEqual([again.hash, again.sig], [hash, sig]);
  });
}

test('bodies and locked room keys', () => {
  const [, , , withPin, withoutPin, group] = vectors.aes;
  for (const vector of vectors.aes.slice(0, 3)) {
    assert.equal(seal(vector.plain, vectors.ecdhSharedSecret), vector.cipherHex);
    assert.equal(open(vector.cipherHex, vectors.ecdhSharedSecret), vector.plain);
  }
  assert.equal(seal(group.plain, vectors.groupRoomKey), group.cipherHex);
  assert.equal(lock(vectors.groupRoomKey, '1234'), withPin.cipherHex);
  assert.equal(lock(vectors.groupRoomKey), withoutPin.cipherHex);
  assert.equal(unlock(withPin.cipherHex, '1234'), vectors.groupRoomKey);
});

test('an invitation', () => {
  const { roomId, password, timestamp, name } = vectors.invitation.chatRoom;
  const room = readInvitation(JSON.stringify(vectors.invitation));
  assert.equal(room.owner.publicKey, alice.publicKey);
  const ours = JSON.parse(writeInvitation({ roomId, owner: alice, name, password }));
  ours.chatRoom.timestamp = timestamp;
  Object.values(ours.chatRoom.members)[0].timestamp = timestamp;
  assert.deepEqual(ours, {
    ...vectors.invitation,
    chatRoom: { ...vectors.invitation.chatRoom, members: { [alice.wallet.toLowerCase()]: {
      ...Object.values(vectors.invitation.chatRoom.members)[0], userAvatar: alice.avatar,
    } } },
  });
});
