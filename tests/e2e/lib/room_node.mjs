// A node that serves rooms. Everything the room tests assume about its settings stands here and nowhere else.

import { endCleanly, Node } from './node.mjs';

/** Rooms need no flag: they are served wherever the node speaks HTTP. */
export const ECHO = ['--denetwork-echo'];

/** The flags of all limits on rates. `address` multiplies the others for everybody who shares an address, as all tests do. */
const rates = ({ events, messages, address = 1_000 }) => [
  '--denetwork-rate-connection-burst', events.burst, '--denetwork-rate-connection-per-second', events.perSecond,
  '--denetwork-rate-wallet-burst', messages.burst, '--denetwork-rate-wallet-per-second', messages.perSecond,
  '--denetwork-rate-address-factor', address,
  '--denetwork-rate-misses-burst', 1_000_000, '--denetwork-rate-misses-per-second', 1_000_000,
].map(String);

/** Limits so small that a test reaches them; see section 11 for what they count. */
export const SMALL_LIMITS = {
  eventsBurst: 40,
  messagesBurst: 10,
  arguments: rates({ events: { burst: 40, perSecond: 5 }, messages: { burst: 10, perSecond: 1 } }),
};

/** Limits that no test reaches, for those that are about something else. */
export const NO_LIMITS = rates({
  events: { burst: 1_000_000, perSecond: 1_000_000 }, messages: { burst: 1_000_000, perSecond: 1_000_000 },
});

/** By section 9. */
export const KEPT_DAYS = 90;

/** Longest request that is taken, by section 11. */
export const MAX_REQUEST_BYTES = 32 * 1024;

/** Starts a node with rooms. `args`: flags. */
export const startRoomNode = (...args) => Node.start({ args: args.flat() });

export { endCleanly };
