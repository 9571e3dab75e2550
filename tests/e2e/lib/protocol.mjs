// What docs/protocol says, written a second time and with other libraries, to read the vectors that the Rust code publishes.
import { xchacha20poly1305, chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { argon2id } from '@noble/hashes/argon2.js'
import { expand, extract, hkdf as hkdfWith } from '@noble/hashes/hkdf.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { decode, encode } from 'cborg'

export const bytes = (value) => (typeof value === 'string' ? utf8ToBytes(value) : value)
export const join = (...parts) => concatBytes(...parts.map(bytes))
export const hex = (value) => Buffer.from(value).toString('hex')
export const unhex = (text) => hexToBytes(text)
export const b64 = (value) => Buffer.from(value).toString('base64url')

export const hkdf = (salt, secret, info) => hkdfWith(sha256, bytes(secret), bytes(salt), bytes(info), 32)

export function paddedLength(length) {
  const needed = length + 1
  if (needed > 16384) return Math.ceil(needed / 16384) * 16384
  let bucket = 256
  while (bucket < needed) bucket *= 2
  return bucket
}

export function pad(plain) {
  const padded = new Uint8Array(paddedLength(plain.length))
  padded.set(plain)
  padded[plain.length] = 0x80
  return padded
}

export function unpad(padded) {
  let end = padded.length - 1
  while (end >= 0 && padded[end] === 0) end -= 1
  if (end < 0 || padded[end] !== 0x80 || paddedLength(end) !== padded.length) throw new Error('not padded')
  return padded.slice(0, end)
}

export function seal(key, aad, plain, nonce) {
  return join(nonce, xchacha20poly1305(key, nonce, bytes(aad)).encrypt(pad(bytes(plain))))
}

export function open(key, aad, sealed) {
  return unpad(xchacha20poly1305(key, sealed.slice(0, 24), bytes(aad)).decrypt(sealed.slice(24)))
}

// CBOR with what the pages demand: text keys once, depth 16, nothing after the value.
export function cbor(encoded) {
  const value = decode(encoded, { strict: false, rejectDuplicateMapKeys: true, allowInfinity: false, allowNaN: false })
  const depth = (item) => {
    if (item === null || typeof item !== 'object' || item instanceof Uint8Array) return 0
    return 1 + Math.max(0, ...Object.values(item).map(depth))
  }
  if (depth(value) > 16) throw new Error('nested too deeply')
  return value
}

// As the vectors show CBOR: byte strings are h'…'.
export function shown(value) {
  if (value instanceof Uint8Array) return `h'${hex(value)}'`
  if (Array.isArray(value)) return value.map(shown)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shown(item)]))
}

export function must(holds, why) {
  if (!holds) throw new Error(why)
}

const signedBytes = (label, body) => join('tidings/1 ', label, new Uint8Array(1), body)

export function sign(label, seed, body) {
  return ed25519.sign(signedBytes(label, body), seed)
}

// Ed25519 as the pages want it: no key and no R of small order.
export function verifySignature(key, message, signature) {
  for (const point of [key, signature.slice(0, 32)]) {
    must(!ed25519.Point.fromBytes(point).isSmallOrder(), 'small order')
  }
  must(ed25519.verify(signature, message, key, { zip215: false }), 'wrong signature')
}

// The body of a signed object, by the identity that `signer` finds in it.
export function verify(label, object, signer = (body) => body.identity) {
  const parts = cbor(object)
  must(Array.isArray(parts) && parts.length === 2 && parts.every((part) => part instanceof Uint8Array), 'not a signed object')
  const [encoded, signature] = parts
  const body = cbor(encoded)
  must(body !== null && typeof body === 'object', 'not a body')
  verifySignature(signer(body), signedBytes(label, encoded), signature)
  return body
}

export function certificate(object) {
  const body = verify('device', object)
  must(body.device.length === 32 && hex(body.device) !== hex(body.identity), 'not a device key')
  return body
}

// A device has signed that it is this identity's.
export const verifyMember = (identity, key, proof) => verifySignature(key, signedBytes('member', identity), proof)

const GONE_MAX = 64
const goneOf = (list) => list.gone ?? []
const find = (devices, key) => devices.find((device) => hex(device.key) === hex(key))
// By serial, then by key.
const before = (one, other) => one.serial < other.serial || (one.serial === other.serial && hex(one.key) < hex(other.key))

export function deviceList(object) {
  const list = verify('devices', object)
  const keys = new Set(list.devices.map((device) => hex(device.key)))
  const serials = new Set(list.devices.map((device) => device.serial))
  must(keys.size === list.devices.length && serials.size === list.devices.length && list.devices.length <= 32, 'twice')
  must(list.counter >= 1 && list.devices.every((device) => device.serial < list.next), 'not given yet')
  const gone = goneOf(list)
  must(gone.length <= GONE_MAX && gone.every((one, place) => place === 0 || before(gone[place - 1], one)), 'removed in another order')
  must(new Set(gone.map((one) => hex(one.key))).size === gone.length, 'removed twice')
  must(gone.every((one) => one.serial < list.next && !keys.has(hex(one.key))), 'removed, but listed or not given yet')
  for (const { key, proof } of list.devices) verifyMember(list.identity, key, proof)
  return list
}

// Whether a device without an entry was removed before all that a list remembers.
const forgets = (list, device) => goneOf(list).length >= GONE_MAX && before(device, goneOf(list)[0])

// What a reader, and what a node says of a list who know another.
export function judge(known, list) {
  const keyOf = (which, serial) => which.devices.filter((device) => device.serial === serial).map((device) => hex(device.key))[0]
  const kept = list.devices.every((device) => device.serial >= known.next || keyOf(known, device.serial) === hex(device.key))
  const back = list.devices.some((device) => find(goneOf(known), device.key))
  const left = known.devices.filter((device) => !find(list.devices, device.key))
  const remembers = (device) => {
    const entry = find(goneOf(list), device.key)
    return entry ? entry.serial >= device.serial : forgets(list, device)
  }
  const good = kept && !back && list.next >= known.next && [...goneOf(known), ...left].every(remembers)
  const same = JSON.stringify(shown(known)) === JSON.stringify(shown(list))
  const reader = same ? 'same' : list.counter > known.counter && good ? 'newer' : 'refused'
  return { reader, node_stores: list.counter === known.counter + 1 && good }
}

// Two lists.
export function joinedLists(a, b) {
  const gone = new Map()
  for (const { key, serial } of [...goneOf(a), ...goneOf(b)]) gone.set(hex(key), { key, serial })
  for (const { key, serial } of [...goneOf(a), ...goneOf(b), ...a.devices, ...b.devices]) {
    const entry = gone.get(hex(key))
    if (entry) entry.serial = Math.max(entry.serial, serial)
  }
  const [kept, anew] = [new Map(), new Map()]
  const lower = (one, other) => (other && hex(other.proof) < hex(one.proof) ? other.proof : one.proof)
  for (const [one, other] of [[a, b], [b, a]]) {
    for (const device of one.devices.filter(({ key }) => !gone.has(hex(key)))) {
      const { key, serial } = device
      const there = find(other.devices, key)
      const proof = lower(device, there)
      if (there?.serial === serial || serial >= other.next) kept.set(serial, { key, serial, proof })
      else if (there ? there.serial < one.next : !forgets(other, device)) anew.set(hex(key), { key, proof })
    }
  }
  let next = Math.max(a.next, b.next)
  for (const name of [...anew.keys()].sort()) kept.set(next, { ...anew.get(name), serial: next++ })
  const devices = [...kept.values()].sort((one, other) => one.serial - other.serial).map(({ key, serial, proof }) => ({ key, serial, proof }))
  const removed = [...gone.values()].sort((one, other) => (before(one, other) ? -1 : 1)).slice(-GONE_MAX)
  const counter = Math.max(a.counter, b.counter) + 1
  return { identity: a.identity, counter, next, devices, ...(removed.length && { gone: removed.map(({ serial, key }) => ({ serial, key })) }) }
}

// What owners and moderators signed of a roster (conversations.md, Signed rosters), each with its hash.
export function statements(group, roster) {
  const list = roster.signed.map((object) => {
    const said = verify('roster', object, (body) => certificate(body.by).device)
    must(hex(said.group) === hex(group), 'of another conversation')
    return { ...said, signer: hex(certificate(said.by).identity), hash: hex(sha256(object)) }
  })
  list.slice(1).forEach((said, at) => must(hex(said.prev) === list[at].hash && said.v > list[at].v, 'not in a row'))
  const last = list.at(-1)
  must(last && hex(last.own) === hex(ownHash(roster)) && hex(last.all) === hex(contentHash(roster)), 'not what was signed')
  must(last.v <= roster.v, 'a version from before')
  return list
}

export const ownHash = (roster) => sha256(encode([roster.kind, roster.hub, roster.seal, roster.locked]))

export function contentHash(roster) {
  const members = roster.members.map(({ id, since }) => [id, since])
  for (const [at, id, since] of roster.gone ?? []) members.splice(at, 0, [id, since])
  return sha256(encode([ownHash(roster), roster.name, roster.picture ?? null, roster.expire ?? null, members]))
}

// What somebody who knows one roster says of another one.
export function weigh(group, known, shown) {
  const roles = (staff) => new Map(staff.map(([id, role]) => [hex(id), role]))
  const staffOf = (roster) => roles(roster.members.filter(({ role }) => role < 2).map(({ id, role }) => [id, role]))
  const old = statements(group, known)
  const list = statements(group, shown)
  const common = list.findLastIndex((said) => old.some(({ hash }) => hash === said.hash))
  must(common >= 0, 'unrelated')
  const [newest, last, fresh] = [old.at(-1), list.at(-1), list.slice(common + 1)]
  const same = newest.hash === last.hash
  const earlier = same || last.v < newest.v
  let staff = same ? roles(newest.staff) : earlier ? roles(list[common].staff) : staffOf(known)
  let own = hex(same ? newest.own : earlier ? list[common].own : ownHash(known))
  for (const said of fresh) {
    const role = staff.get(said.signer)
    const kept = hex(said.own) === own && said.staff.every(([id, role]) => staff.get(hex(id)) <= role)
    must(role === 0 || (role === 1 && kept), 'no right')
    staff = roles(said.staff)
    own = hex(said.own)
  }
  must(hex(ownHash(shown)) === own, 'not what was signed')
  const before = staffOf(known)
  for (const [id, role] of staffOf(shown)) must(before.get(id) <= role || staff.get(id) <= role, 'a role that nobody gave')
  if (!same) return last.v > newest.v ? 'newer' : 'older'
  const back = (known.gone ?? []).some(([, id]) => shown.members.some((member) => hex(member.id) === hex(id)))
  return shown.v < known.v || back ? 'older' : 'newer'
}

export const mark = (key) => sha256(key).slice(0, 8)
export const entryKey = (group, secret, passphrase) => {
  const extra = passphrase === null ? new Uint8Array(0) : argon2id(bytes(passphrase), group, { t: 3, m: 65536, p: 1, dkLen: 32 })
  return hkdf(group, join(secret, extra), 'tidings/1 seal')
}
export const forkTag = (authenticator) => hkdf('tidings/1', authenticator, 'fork').slice(0, 8)

export function safety(one, other) {
  const [lower, higher] = [one, other].sort((a, b) => Buffer.compare(a, b))
  const digest = sha512(join('tidings/1 safety', new Uint8Array(1), lower, higher))
  const chunk = (at) => String(Buffer.from(digest).readUIntBE(at * 5, 5) % 100000).padStart(5, '0')
  const number = Array.from({ length: 12 }, (_, at) => chunk(at)).join('')
  return { number, code: `tidings:safety:1:${b64(digest.slice(0, 32))}` }
}

export function pieces(size) {
  const needed = Math.max(1, Math.ceil(size / 65536))
  for (let power = 1; ; power *= 2) {
    if (needed <= power) return power
    if (power >= 2 && needed <= power * 1.5) return power * 1.5
  }
}

export function sealPiece(key, index, last, content) {
  const place = new Uint8Array(5)
  new DataView(place.buffer).setUint32(1, index)
  place[0] = last ? 1 : 0
  const piece = new Uint8Array(65536)
  piece.set(content)
  return chacha20poly1305(key, join('tidings', place)).encrypt(piece)
}

// HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305.
export function hpkeOpen(secret, info, aad, encapsulated, sealed) {
  const labeled = (suite) => ({
    extract: (salt, label, ikm) => extract(sha256, join('HPKE-v1', suite, label, ikm), bytes(salt)),
    expand: (prk, label, context, length) =>
      expand(sha256, prk, join(new Uint8Array([length >> 8, length & 255]), 'HPKE-v1', suite, label, context), length),
  })
  const kem = labeled(join('KEM', new Uint8Array([0, 0x20])))
  const shared = x25519.getSharedSecret(secret, encapsulated)
  const eae = kem.extract('', 'eae_prk', shared)
  const agreed = kem.expand(eae, 'shared_secret', join(encapsulated, x25519.getPublicKey(secret)), 32)
  const hpke = labeled(join('HPKE', new Uint8Array([0, 0x20, 0, 1, 0, 3])))
  const context = join(new Uint8Array(1), hpke.extract('', 'psk_id_hash', ''), hpke.extract('', 'info_hash', info))
  const prk = hpke.extract(agreed, 'secret', '')
  const [key, nonce] = [hpke.expand(prk, 'key', context, 32), hpke.expand(prk, 'base_nonce', context, 12)]
  return chacha20poly1305(key, nonce, bytes(aad)).decrypt(sealed)
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

export function linkCode(node, secret) {
  const value = BigInt(`0x${hex(secret)}`)
  const letters = Array.from({ length: 16 }, (_, at) => ALPHABET[Number((value >> BigInt(75 - at * 5)) & 31n)]).join('')
  return `${node}/${letters.match(/..../g).join('-')}`
}

// The merge of two profile documents' records.
export function merge(one, other) {
  const rank = ([time, device, value]) => [time, hex(device), value === null ? '' : `1${hex(value)}`]
  const later = (a, b) => {
    const [left, right] = [rank(a), rank(b)]
    const at = left.findIndex((part, index) => part !== right[index])
    return at >= 0 && left[at] < right[at] ? b : a
  }
  const records = { ...one.records }
  for (const [key, record] of Object.entries(other.records)) {
    records[key] = key in records ? later(records[key], record) : record
  }
  return { counter: Math.max(one.counter, other.counter), records }
}
