// A throw-away certificate authority and a leaf under it, for the local push service. Node can make keys and
// signatures but no certificates, so the few DER structures of RFC 5280 are written here.

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const DAY_MS = 86_400_000;

function der(tag, ...contents) {
  const body = Buffer.concat(contents);
  const size = body.length < 0x80 ? [body.length]
    : body.length < 0x100 ? [0x81, body.length]
    : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

const sequence = (...contents) => der(0x30, ...contents);
const bitString = (bytes) => der(0x03, Buffer.from([0]), bytes);
const octets = (bytes) => der(0x04, bytes);
const yes = der(0x01, Buffer.from([0xff]));
const oid = (hex) => der(0x06, Buffer.from(hex, 'hex'));

const OID = {
  commonName: '550403',
  ecdsaWithSha256: '2a8648ce3d040302',
  basicConstraints: '551d13',
  keyUsage: '551d0f',
  subjectAltName: '551d11',
  extendedKeyUsage: '551d25',
  serverAuth: '2b06010505070301',
};

const name = (text) => sequence(der(0x31, sequence(oid(OID.commonName), der(0x0c, Buffer.from(text)))));
const time = (at) => der(0x18, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));
const extension = (id, critical, content) => sequence(oid(id), ...(critical ? [yes] : []), octets(content));

function certificate({ subject, issuer, publicKey, signer, extensions }) {
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const serial = randomBytes(16);
  serial[0] = (serial[0] & 0x7f) | 0x40; // positive and without a leading zero
  const toSign = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    algorithm,
    name(issuer),
    sequence(time(Date.now() - DAY_MS), time(Date.now() + DAY_MS)),
    name(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const whole = sequence(toSign, algorithm, bitString(sign('sha256', toSign, signer)));
  return `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

/** `{ ca, cert, key }` in PEM, the leaf good for localhost and 127.0.0.1 for a day. */
export function localCertificate() {
  const authority = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const leaf = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const issuer = 'tidings e2e authority';
  const ca = certificate({
    subject: issuer,
    issuer,
    publicKey: authority.publicKey,
    signer: authority.privateKey,
    extensions: [
      extension(OID.basicConstraints, true, sequence(yes)),
      extension(OID.keyUsage, true, der(0x03, Buffer.from([2, 0x04]))), // keyCertSign
    ],
  });
  const cert = certificate({
    subject: 'tidings e2e push service',
    issuer,
    publicKey: leaf.publicKey,
    signer: authority.privateKey,
    extensions: [
      extension(OID.basicConstraints, true, sequence()),
      extension(OID.keyUsage, true, der(0x03, Buffer.from([7, 0x80]))), // digitalSignature
      extension(OID.extendedKeyUsage, false, sequence(oid(OID.serverAuth))),
      extension(OID.subjectAltName, false, sequence(
        der(0x82, Buffer.from('localhost')),
        der(0x87, Buffer.from([127, 0, 0, 1])),
      )),
    ],
  });
  return { ca, cert, key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }) };
}
