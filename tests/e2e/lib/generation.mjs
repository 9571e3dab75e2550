// What the two generations of channel clients put on the wire, member by member (sections 6, 9, 10 and 12).

const oldRequest = (own) => ({ type: '', msg: '', uname: '', fromPublicKey: '', toPublicKey: '', cname: '', ...own });

function newRequest(own) {
  const missing = { msg: null, uname: null, toPublicKey: null, cname: null };
  for (const key of Object.keys(own)) delete missing[key];
  return { ...own, ...missing };
}

/** 0.2.6: always the same six members, texts. `person` is `{ key, name }`. */
const OLD = {
  name: 'old',
  acknowledges: false,
  connect: ({ key }) => oldRequest({ type: 'connect', fromPublicKey: key.publicKey }),
  verify: ({ key }, msg) => oldRequest({ type: 'verify', msg, fromPublicKey: key.publicKey }),
  join: ({ key, name }, cname) => oldRequest({ type: 'join', uname: name, fromPublicKey: key.publicKey, cname }),
  say: ({ key, name }, cname, msg) => oldRequest({ type: 'msg', msg, uname: name, fromPublicKey: key.publicKey, cname }),
  /** The current channel comes along, joined or not. */
  tell({ key, name }, toPublicKey, msg, cname = '') {
    const whole = oldRequest({ type: 'msg', msg, uname: name, fromPublicKey: key.publicKey, toPublicKey, cname });
    return { ...whole, msg: key.seal('old', toPublicKey, JSON.stringify(whole)) };
  },
};

/** 0.3.7: its own members first, then what is missing, null. */
const NEW = {
  name: 'new',
  acknowledges: true,
  connect: ({ key }) => newRequest({ type: 'connect', fromPublicKey: key.publicKey }),
  verify: ({ key }, msg) => newRequest({ type: 'verify', fromPublicKey: key.publicKey, msg }),
  join: ({ key, name }, channel) => ({
    type: 'join', userName: name, channelName: channel, fromPublicKey: key.publicKey, msg: null, uname: name, toPublicKey: null, cname: channel,
  }),
  say: ({ key, name }, channel, msg) => ({
    type: 'msg', msg, fromPublicKey: key.publicKey, userName: name, channelName: channel, uname: name, toPublicKey: null, cname: channel,
  }),
  tell({ key }, toPublicKey, msg) {
    const queued = { type: 'msg', msg, fromPublicKey: key.publicKey };
    return { ...queued, msg: key.seal('new', toPublicKey, JSON.stringify(queued)), toPublicKey, uname: null, cname: null };
  },
};

export const GENERATIONS = { old: OLD, new: NEW };
