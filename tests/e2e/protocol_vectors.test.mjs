// Reads docs/protocol/vectors with another implementation of docs/protocol (lib/protocol.mjs).
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { argon2id } from '@noble/hashes/argon2.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { HDKey } from '@scure/bip32'
import { mnemonicToSeedSync, validateMnemonic } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as protocol from './lib/protocol.mjs'

const { b64, bytes, cbor, hex, hkdf, join, open, seal, shown, unhex } = protocol
const read = (name) => JSON.parse(readFileSync(new URL(`../../docs/protocol/vectors/${name}.json`, import.meta.url)))
const NONCE = Uint8Array.from({ length: 24 }, (_, at) => at)
const plain = (text) => unhex(text.slice(2, -1))
const fits = (vector) => assert.deepEqual(shown(cbor(unhex(vector.cbor))), vector.value)

test('keys come from the phrase', () => {
  const vectors = read('keys')
  const salt = unhex(vectors.salt)
  for (const vector of vectors.phrases) {
    assert.ok(validateMnemonic(vector.phrase, wordlist))
    const seed = mnemonicToSeedSync(vector.phrase)
    assert.equal(hex(seed), vector.seed)
    const derived = Object.fromEntries(
      ['identity', 'box', 'inbox', 'backup', 'access'].map((label) => [label, hkdf('tidings/1', seed, label)]),
    )
    derived.wallet = HDKey.fromMasterSeed(seed).derive("m/44'/60'/0'/0/0").privateKey
    for (const [label, secret] of Object.entries(derived)) assert.equal(`h'${hex(secret)}'`, vector.secrets[label], label)
    const account = hex(keccak_256(secp256k1.getPublicKey(derived.wallet, false).slice(1)).slice(12))
    assert.equal(vector.wallet_address, `0x${account}`)
    const check = hex(keccak_256(bytes(account)))
    const raised = [...account].map((digit, at) => (check[at] >= '8' ? digit.toUpperCase() : digit)).join('')
    assert.equal(vector.wallet_checksummed, `0x${raised}`)
    assert.equal(vector.identity, hex(ed25519.getPublicKey(derived.identity)))
    assert.equal(vector.box_public_base64, Buffer.from(x25519.getPublicKey(derived.box)).toString('base64'))
    assert.equal(vector.inbox_public, hex(x25519.getPublicKey(derived.inbox)))
    assert.equal(vector.profile_key, hex(hkdf('tidings/1', derived.backup, 'profile')))
    const access = hkdf(salt, derived.access, 'tidings/1 access')
    assert.deepEqual([vector.access_seed, vector.access_public], [hex(access), hex(ed25519.getPublicKey(access))])
  }
  const { room } = vectors
  assert.equal(room.access_seed, hex(hkdf(unhex(room.group), unhex(room.seal), 'tidings/1 room access')))
  assert.equal(vectors.phrases[0].wallet_checksummed, '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266')
})

test('signed objects', () => {
  const vector = read('signed')
  const seed = unhex(vector.identity_seed)
  const [body, signature] = cbor(unhex(vector.object))
  assert.equal(hex(signature), hex(protocol.sign('device', seed, body)))
  assert.equal(hex(body), vector.body)
  const certificate = protocol.certificate(unhex(vector.object))
  assert.deepEqual(shown(certificate), vector.value)
  assert.equal(hex(protocol.mark(certificate.device)), vector.device_mark)
  for (const { why, object } of vector.refused) assert.throws(() => protocol.certificate(unhex(object)), undefined, why)
})

test('device lists', () => {
  const vectors = read('device_lists')
  const lists = Object.fromEntries(vectors.lists.map(({ name, object }) => [name, protocol.deviceList(unhex(object))]))
  for (const { name, value } of vectors.lists) assert.deepEqual(shown(lists[name]), value)
  for (const { why, object } of vectors.refused) assert.throws(() => protocol.deviceList(unhex(object)), why)
  for (const { known, found, ...verdict } of vectors.judged) {
    assert.deepEqual(protocol.judge(lists[known], lists[found]), verdict, `${found} after ${known}`)
  }
  for (const { one, other, value } of vectors.joined) {
    assert.deepEqual(shown(protocol.joinedLists(lists[one], lists[other])), value, `${one} with ${other}`)
  }
})

test('safety numbers', () => {
  for (const { one, other, ...said } of read('safety').pairs) assert.deepEqual(protocol.safety(unhex(one), unhex(other)), said)
})

test('padding and sealing', () => {
  const vectors = read('sealing')
  const { salt, secret, info, output } = vectors.hkdf
  assert.equal(hex(hkdf(unhex(salt), unhex(secret), unhex(info))), output)
  for (const { plain: length, padded } of vectors.lengths) assert.equal(protocol.paddedLength(length), padded)
  assert.equal(hex(protocol.pad(unhex(vectors.padded.plain))), vectors.padded.padded)
  for (const padded of vectors.not_padded) assert.throws(() => protocol.unpad(unhex(padded)))
  for (const vector of vectors.sealed) {
    const [key, aad, content] = [vector.key, vector.aad, vector.plain].map(unhex)
    assert.equal(hex(seal(key, aad, content, NONCE)), vector.sealed)
    assert.equal(hex(open(key, aad, unhex(vector.sealed))), vector.plain)
  }
})

test('entries and group infos', () => {
  const vectors = read('entries')
  const [group, secret, id] = [vectors.group, vectors.seal, vectors.entry_id].map(unhex)
  assert.equal(hex(protocol.forkTag(unhex(vectors.epoch_authenticator))), vectors.payload.tag)
  for (const { passphrase, entry, info } of vectors.sealed) {
    const key = protocol.entryKey(group, secret, passphrase)
    const payload = cbor(open(key, join('tidings/1 entry', group, id), unhex(entry)))
    assert.deepEqual({ ...payload, tag: hex(payload.tag), mls: hex(payload.mls) }, vectors.payload)
    const read = cbor(open(key, join('tidings/1 info', group), unhex(info)))
    assert.deepEqual({ ...read, tag: hex(read.tag), info: hex(read.info) }, vectors.info)
  }
})

test('blobs', () => {
  const vectors = read('blobs')
  for (const { size, pieces, sealed } of vectors.sizes) {
    assert.deepEqual([protocol.pieces(size), protocol.pieces(size) * 65552], [pieces, sealed])
  }
  for (const vector of vectors.pieces) {
    const piece = protocol.sealPiece(unhex(vectors.key), vector.index, vector.last, unhex(vector.content))
    assert.deepEqual([piece.length, hex(piece.slice(0, 32)), hex(sha256(piece))], [vector.length, vector.begins, vector.sha256])
  }
})

test('signatures of requests and follows', () => {
  const vectors = read('requests')
  const seed = unhex(vectors.seed)
  const key = ed25519.getPublicKey(seed)
  for (const request of vectors.requests) {
    const digest = request.body === null ? null : `sha-256=:${Buffer.from(sha256(bytes(request.body))).toString('base64')}:`
    assert.equal(request['content-digest'], digest)
    const covered = digest === null ? '' : ' "content-digest"'
    const params =
      `("@method" "@authority" "@path" "@query"${covered});created=${vectors.created};nonce="${b64(unhex(vectors.nonce))}"` +
      `;keyid="${b64(key)}";alg="ed25519";tag="tidings/1"`
    assert.equal(request['signature-input'], `tidings=${params}`)
    const lines = [
      `"@method": ${request.method}`,
      `"@authority": ${request.authority}`,
      `"@path": ${request.path}`,
      `"@query": ?${request.query}`,
      ...(digest === null ? [] : [`"content-digest": ${digest}`]),
      `"@signature-params": ${params}`,
    ]
    const signature = Buffer.from(ed25519.sign(bytes(lines.join('\n')), seed)).toString('base64')
    assert.equal(request.signature, `tidings=:${signature}:`)
  }
  for (const follow of vectors.follows) {
    const stream = follow.stream === 'inbox' ? bytes('inbox') : join('group', unhex(follow.stream))
    const zero = new Uint8Array(1)
    const signed = join('tidings/1 follow', zero, unhex(vectors.challenge), vectors.authority, zero, stream)
    assert.deepEqual([hex(signed), hex(ed25519.sign(signed, seed))], [follow.bytes, follow.signature])
  }
})

test('links and linking', () => {
  const { invitation, room, linking } = read('links')
  const node = 'https://node.example:8443'
  const secret = unhex(invitation.secret)
  assert.equal(invitation.link, `${node}/i#1.${b64(secret)}`)
  assert.equal(invitation.link_with_token, `${invitation.link}.${invitation.token}`)
  assert.equal(invitation.account_link, `${node}/i#1..${invitation.token}`)
  assert.equal(invitation.exchange, hex(hkdf('tidings/1', secret, 'invitation id').slice(0, 16)))
  assert.equal(room.link, `${node}/r#1.${b64(join(unhex(room.group), unhex(room.seal)))}`)
  const code = unhex(linking.secret)
  assert.equal(linking.code, protocol.linkCode(node, code))
  assert.equal(linking.exchange, hex(hkdf('tidings/1', code, 'link id').slice(0, 16)))
  const key = hkdf('tidings/1', code, 'link key')
  const offer = cbor(open(key, 'link offer', unhex(linking.offer)))
  const request = cbor(open(key, 'link request', unhex(linking.request)))
  assert.deepEqual(shown(request), linking.request_value)
  protocol.verifyMember(offer.identity, request.device, request.proof)
  const slow = argon2id(join(request.device, request.agree), unhex(linking.exchange), { t: 3, m: 65536, p: 1, dkLen: 32 })
  const check = Buffer.from(slow).readBigUInt64BE() % 100000000n
  assert.equal(linking.check, String(check).padStart(8, '0'))
  const reply = unhex(linking.reply)
  const shared = x25519.getSharedSecret(unhex(linking.agree_secret), reply.slice(0, 32))
  const opened = cbor(open(hkdf(key, shared, 'tidings/1 link'), 'link reply', reply.slice(32)))
  assert.deepEqual(shown(opened), linking.reply_value)
  const identity = ed25519.getPublicKey(opened.secrets.identity)
  for (const body of [protocol.certificate(opened.certificate), protocol.deviceList(opened.devices)]) {
    assert.equal(hex(body.identity), hex(identity))
  }
})

test('invitations', () => {
  const vectors = read('invitations')
  const key = hkdf('tidings/1', unhex(vectors.secret), 'invitation key')
  assert.deepEqual(shown(protocol.verify('card', unhex(vectors.card.object))), vectors.card.value)
  for (const kind of ['offer', 'answer']) {
    const object = open(key, kind, unhex(vectors[`sealed_${kind}`]))
    assert.equal(hex(object), vectors[kind].object)
    const body = protocol.verify(kind, object, (found) => protocol.verify('card', found.card).identity)
    assert.deepEqual(shown(body), vectors[kind].value)
    assert.equal(hex(protocol.deviceList(body.devices).identity), hex(protocol.verify('card', body.card).identity))
  }
})

test('parcels', () => {
  const vectors = read('parcels')
  const [secret, recipient] = [unhex(vectors.inbox_secret), unhex(vectors.recipient)]
  for (const { sealed, signed } of vectors.parcels) {
    const parcel = unhex(sealed)
    const opened = protocol.hpkeOpen(secret, 'tidings/1 parcel', recipient, parcel.slice(0, 32), parcel.slice(32))
    const object = protocol.unpad(opened)
    assert.equal(hex(object), signed.object)
    const body = protocol.verify('parcel', object, (found) => found.from)
    assert.deepEqual(shown(body), signed.value)
    assert.equal(hex(body.to), vectors.recipient)
  }
})

test('the profile', () => {
  const vectors = read('profile')
  for (const name of ['one', 'other', 'merged']) fits(vectors[name])
  const aad = join('tidings/1 profile', unhex(vectors.identity))
  assert.equal(hex(open(unhex(vectors.profile_key), aad, unhex(vectors.sealed_one))), vectors.one.cbor)
  const [one, other, merged] = ['one', 'other', 'merged'].map((name) => cbor(unhex(vectors[name].cbor)))
  for (const result of [protocol.merge(one, other), protocol.merge(other, one)]) {
    assert.deepEqual(shown(result), shown({ counter: merged.counter, records: merged.records }))
  }
  fits(vectors.archive)
})

test('messages are a chain', () => {
  const vectors = read('contents')
  let [seq, prev] = [0, '00'.repeat(16)]
  for (const vector of vectors.messages) {
    fits(vector)
    assert.deepEqual(Object.keys(vector.value.c), [vector.kind])
    if (vector.value.seq === 0) continue
    assert.deepEqual([vector.value.seq, hex(plain(vector.value.prev))], [seq + 1, prev])
    seq += 1
    prev = hex(sha256(unhex(vector.cbor)).slice(0, 16))
  }
  assert.deepEqual(Object.keys(cbor(unhex(vectors.newer.cbor)).c), [vectors.newer.kind])
})

test('rosters', () => {
  const vectors = read('rosters')
  const owner = (roster) => roster.members.some((member) => member.role === 0)
  for (const name of ['before', 'left', 'after']) {
    fits(vectors[name])
    assert.ok(owner(vectors[name].value))
  }
  const access = (roster) => new Map(roster.members.map((member) => [hex(plain(member.access)), ['owner', 'moderator', 'member'][member.role]]))
  const [before, after] = [access(vectors.before.value), access(vectors.after.value)]
  const add = [...after].filter(([key, role]) => before.get(key) !== role).map(([key, role]) => ({ key, role }))
  const remove = [...before.keys()].filter((key) => !after.has(key))
  assert.deepEqual({ add, remove }, vectors.changes)
})

test('signed rosters', () => {
  const vectors = read('rosters')
  const group = unhex(vectors.group)
  for (const name of ['before', 'left', 'after']) protocol.statements(group, cbor(unhex(vectors[name].cbor)))
  const verdicts = new Set()
  for (const { why, known, shown, verdict } of vectors.weighed) {
    const weigh = () => protocol.weigh(group, cbor(unhex(known)), cbor(unhex(shown)))
    if (verdict === 'refused') assert.throws(weigh, undefined, why)
    else assert.equal(weigh(), verdict, why)
    verdicts.add(verdict)
  }
  assert.equal(verdicts.size, 3)
})
