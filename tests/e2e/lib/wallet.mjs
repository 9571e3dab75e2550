// People of the rooms: a wallet, and messages built and signed with `debeem-id` as the real client does it.

import id from 'debeem-id';
import { SigningKey } from 'ethers';
import { randomBytes } from 'node:crypto';

const { EtherWallet, Web3Digester, Web3Signer, Web3Validator } = id;

export const PRIVATE = 1;
export const GROUP = 2;
const USER_MESSAGE = 1;

/** A room id as clients make them: the letter and a random address in lower case. */
export const newRoomId = (letter = 'g') => `${letter}0x${randomBytes(20).toString('hex')}`;

/** `payload` with `sig` and `hash`, in the order of the real client: signed first, both present as empty texts. */
export async function signed(payload, privateKey) {
  const whole = { ...payload, hash: '', sig: '' };
  whole.sig = await Web3Signer.signObject(privateKey, whole);
  whole.hash = await Web3Digester.hashObject(whole);
  return whole;
}

/** Whether the hash and the signature are those of the wallet named in the message; the reader's own check. */
export async function isGenuine(payload) {
  if ((await Web3Digester.hashObject(payload)) !== payload.hash.toLowerCase()) return false;
  return Web3Validator.validateObject(payload.wallet, payload, payload.sig);
}

export class Person {
  constructor(name, privateKey = `0x${randomBytes(32).toString('hex')}`) {
    const wallet = EtherWallet.createWalletFromPrivateKey(privateKey);
    this.name = name;
    this.avatar = `https://example.org/${name.toLowerCase()}.png`;
    this.privateKey = privateKey;
    this.publicKey = wallet.publicKey;
    this.wallet = wallet.address;
  }

  /** The secret shared with `publicKey`, as the text that the cipher takes for a password. */
  sharedSecret(publicKey) {
    return new SigningKey(this.privateKey).computeSharedSecret(publicKey);
  }

  /** A signed message. `changes` are members to add or replace before signing; `undefined` removes one. */
  message(roomId, body, changes = {}) {
    const payload = {
      chatType: roomId.startsWith('p') ? PRIVATE : GROUP,
      messageType: USER_MESSAGE,
      wallet: this.wallet,
      ...(roomId.startsWith('p') ? { publicKey: this.publicKey } : {}),
      fromName: this.name,
      fromAvatar: this.avatar,
      roomId,
      body,
      timestamp: Date.now(),
      ...changes,
    };
    for (const key of Object.keys(payload)) if (payload[key] === undefined) delete payload[key];
    return signed(payload, this.privateKey);
  }
}
