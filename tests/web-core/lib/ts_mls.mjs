// A member of one MLS group by ts-mls, with what docs/protocol/conversations.md leaves no choice in.

import {
  acceptAll,
  createApplicationMessage,
  createCommit,
  createGroup,
  createGroupInfoWithExternalPubAndRatchetTree,
  createProposal,
  decodeMlsMessage,
  defaultKeyPackageEqualityConfig,
  emptyPskIndex,
  encodeMlsMessage,
  encodeRequiredCapabilities,
  generateKeyPackageWithKey,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  joinGroupExternal,
  processMessage,
} from 'ts-mls';
import { signGroupInfo } from '../node_modules/ts-mls/dist/src/groupInfo.js';
import { makeKeyPackageRef } from '../node_modules/ts-mls/dist/src/keyPackage.js';
import { decryptSenderData } from '../node_modules/ts-mls/dist/src/privateMessage.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import * as formats from './formats.mjs';

const ROSTER = 0xf7d1;
const ACCESS = 0xf7d2;
const version = 'mls10';
const suite = await getCiphersuiteImpl(getCiphersuiteFromName('MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519'));
const capabilities = {
  versions: [version],
  ciphersuites: [suite.name],
  extensions: [ROSTER, ACCESS],
  proposals: [],
  credentials: ['basic'],
};
const lifetime = { notBefore: 0n, notAfter: 253_402_300_799n };
const clientConfig = {
  // The same tolerance as the other side's: 5 messages overtaken, 1,000 skipped, 4 epochs.
  keyRetentionConfig: { retainKeysForGenerations: 5, retainKeysForEpochs: 4, maximumForwardRatchetSteps: 1000 },
  lifetimeConfig: { maximumTotalLifetime: lifetime.notAfter, validateLifetimeOnReceive: false },
  keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
  paddingConfig: { kind: 'padUntilLength', padUntilLength: 0 },
  authService: {
    // The certificate is of the identity that it names, and for this signature key.
    async validateCredential(credential, key) {
      const { device } = formats.verified(credential.identity, 'device', 'identity');
      return Buffer.from(device).equals(Buffer.from(key));
    },
  },
};

const message = (bytes) => {
  const decoded = decodeMlsMessage(bytes, 0);
  if (!decoded || decoded[1] !== bytes.length) throw new Error('not an MLSMessage');
  return decoded[0];
};

const extensions = (roster) => [
  {
    extensionType: 'required_capabilities',
    extensionData: encodeRequiredCapabilities({ extensionTypes: [ROSTER], proposalTypes: [], credentialTypes: [] }),
  },
  { extensionType: ROSTER, extensionData: roster },
];

// ts-mls writes and reads external_pub without the length that RFC 9420 (12.4.3.2) puts before the key.
const withLength = (extension) =>
  extension.extensionType === 'external_pub'
    ? { ...extension, extensionData: Uint8Array.of(extension.extensionData.length, ...extension.extensionData) }
    : extension;
const lenient = {
  ...suite,
  hpke: {
    ...suite.hpke,
    importPublicKey: (key) => suite.hpke.importPublicKey(key.length === 33 && key[0] === 32 ? key.subarray(1) : key),
  },
};

export class TsPeer {
  constructor({ identity, device, serial, certificate } = formats.person()) {
    Object.assign(this, { identity, device, serial, certificate });
  }

  async #makePackage(access = formats.access()) {
    const credential = { credentialType: 'basic', identity: this.certificate };
    const keys = { signKey: this.device, publicKey: ed25519.getPublicKey(this.device) };
    const own = [{ extensionType: ACCESS, extensionData: access }];
    this.package = await generateKeyPackageWithKey(credential, capabilities, lifetime, own, keys, suite);
  }

  async makePackage(access) {
    await this.#makePackage(access);
    return encodeMlsMessage({ version, wireformat: 'mls_key_package', keyPackage: this.package.publicPackage });
  }

  async create(group, roster) {
    await this.#makePackage();
    const { publicPackage, privatePackage } = this.package;
    this.state = await createGroup(group, publicPackage, privatePackage, extensions(roster), suite, clientConfig);
  }

  // Whether the welcome is to the key package made last.
  async isFor(welcome) {
    const reference = await makeKeyPackageRef(this.package.publicPackage, suite.hash);
    return message(welcome).welcome.secrets.some(({ newMember }) => Buffer.from(newMember).equals(Buffer.from(reference)));
  }

  async join(welcome) {
    const { publicPackage, privatePackage } = this.package;
    const inner = message(welcome).welcome;
    this.state = await joinGroup(inner, publicPackage, privatePackage, emptyPskIndex, suite, undefined, undefined, clientConfig);
  }

  // Comes in, or back (`again`), by a group info.
  async joinExternal(info, again) {
    await this.#makePackage();
    const { publicPackage, privatePackage } = this.package;
    const { groupInfo } = message(info);
    const joined = await joinGroupExternal(groupInfo, publicPackage, privatePackage, again, lenient, undefined, clientConfig);
    this.state = joined.newState;
    return encodeMlsMessage({ version, wireformat: 'mls_public_message', publicMessage: joined.publicMessage });
  }

  // It never changes the roster: ts-mls makes such commits without a path, or encrypts the path with the extensions of before,
  // against RFC 9420 (12.4, 12.4.1). It reads those of others well.
  async commit({ add = [], remove = [] } = {}) {
    const proposals = [
      ...add.map((bytes) => ({ proposalType: 'add', add: { keyPackage: message(bytes).keyPackage } })),
      ...remove.map((removed) => ({ proposalType: 'remove', remove: { removed } })),
    ];
    const made = await createCommit(
      { state: this.state, cipherSuite: suite },
      { extraProposals: proposals, ratchetTreeExtension: true },
    );
    this.state = made.newState;
    const welcome = made.welcome && encodeMlsMessage({ version, wireformat: 'mls_welcome', welcome: made.welcome });
    return { commit: encodeMlsMessage(made.commit), welcome, info: await this.info() };
  }

  async propose(leaf) {
    const proposal = { proposalType: 'remove', remove: { removed: leaf } };
    const made = await createProposal(this.state, false, proposal, suite);
    this.state = made.newState;
    return encodeMlsMessage(made.message);
  }

  async info() {
    const made = await createGroupInfoWithExternalPubAndRatchetTree(this.state, [], suite);
    const proper = { ...made, extensions: made.extensions.map(withLength) };
    const groupInfo = await signGroupInfo(proper, this.state.signaturePrivateKey, suite.signature);
    return encodeMlsMessage({ version, wireformat: 'mls_group_info', groupInfo });
  }

  async take(bytes) {
    const taken = await processMessage(message(bytes), this.state, emptyPskIndex, acceptAll, suite);
    this.state = taken.newState;
    return taken;
  }

  async seal(plain) {
    const made = await createApplicationMessage(this.state, plain, suite);
    this.state = made.newState;
    return encodeMlsMessage({ version, wireformat: 'mls_private_message', privateMessage: made.privateMessage });
  }

  // The key of the device that has sent a message, of this epoch or one before: ts-mls keeps to itself whose leaf it was.
  async sender(bytes) {
    const { privateMessage } = message(bytes);
    const before = this.state.historicalReceiverData.get(privateMessage.epoch);
    const { senderDataSecret } = before ?? this.state.keySchedule;
    const { leafIndex } = await decryptSenderData(privateMessage, senderDataSecret, suite);
    const { leaf } = (before ?? this.state).ratchetTree[2 * leafIndex];
    return formats.verified(leaf.credential.identity, 'device', 'identity').device;
  }

  async say(secret, entry, body, seq) {
    const mls = await this.seal(formats.textMessage(entry, seq, body));
    return formats.sealEntry(this.state.groupContext.groupId, secret, entry, { epoch: this.epoch(), tag: this.tag(), mls });
  }

  async hear(secret, entry, body) {
    const { epoch, tag, mls } = formats.openEntry(this.state.groupContext.groupId, secret, entry, body);
    if (epoch === this.epoch() && !Buffer.from(tag).equals(Buffer.from(this.tag()))) throw new Error('the fork tags differ');
    const taken = await this.take(mls);
    if (taken.kind !== 'applicationMessage') throw new Error('not a message');
    const content = formats.decode(taken.message);
    return { id: content.id, seq: content.seq, text: content.c.text.text };
  }

  epoch() {
    return Number(this.state.groupContext.epoch);
  }

  tag() {
    return formats.forkTag(this.state.keySchedule.epochAuthenticator);
  }

  roster() {
    return this.state.groupContext.extensions.find((extension) => extension.extensionType === ROSTER).extensionData;
  }

  active() {
    return this.state.groupActiveState.kind === 'active';
  }
}
