// A node that serves rooms. Everything the room tests assume about its settings stands here and nowhere else.

import { endCleanly, Node } from './node.mjs';

/** Rooms need no flag: they are served wherever the node speaks HTTP. */
export const ECHO = ['--denetwork-echo'];

/** Limits so small that a test reaches them; see section 11 for what they count. */
export const SMALL_LIMITS = {
  eventsBurst: 40,
  messagesBurst: 10,
  arguments: [
    '--denetwork-events-burst', '40', '--denetwork-events-per-second', '5',
    '--denetwork-messages-burst', '10', '--denetwork-messages-per-second', '1',
  ],
};

/** Limits that no test reaches, for those that are about something else. */
export const NO_LIMITS = [
  '--denetwork-events-burst', '1000000', '--denetwork-events-per-second', '1000000',
  '--denetwork-messages-burst', '1000000', '--denetwork-messages-per-second', '1000000',
];

/** How long rooms are kept: long enough for the vectors, which were signed in 2023. */
export const KEEP_FOR_EVER = ['--keep-rooms', '36500d'];

/** By section 9. */
export const KEPT_DAYS = 90;

/** Longest request that is taken, by section 11. */
export const MAX_REQUEST_BYTES = 32 * 1024;

/** Starts a node with rooms. `args`: flags. */
export const startRoomNode = (...args) => Node.start({ args: args.flat() });

export { endCleanly };
