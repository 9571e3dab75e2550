// A node that serves channels. Everything the channel tests assume about its settings and what it prints stands here.

import { endCleanly, Node } from './node.mjs';

const ANY_PORT = '127.0.0.1:0';

/** The lines that tell where it listens. */
const LISTENING = {
  tcp: /darkchat clients \(TCP\) on 127\.0\.0\.1:(\d+)/,
  websocket: /darkchat clients \(WebSocket\) on 127\.0\.0\.1:(\d+)/,
  peer: /darkchat peers on 127\.0\.0\.1:(\d+)/,
};

export const KEYLESS = ['--darkchat-keyless'];
export const TALKATIVE_LOG = ['--log-level', 'debug'];

/** Largest request after login, in bytes; before it, a sixteenth (section 3). */
export const MAX_REQUEST_BYTES = 1024 * 1024;
export const MAX_LOGIN_BYTES = 64 * 1024;

export class ChannelNode {
  /**
   * Starts a node with all three ports. `peers`: peer ports on this machine to connect to. `privatePeers`: whether it may
   * connect to addresses such as ours that it is told of. `args`: further flags.
   */
  static async start({ peers = [], privatePeers = true, peerListen = ANY_PORT, args = [] } = {}) {
    const channel = new ChannelNode();
    channel.node = await Node.start({
      args: [
        '--darkchat-listen', ANY_PORT, '--darkchat-websocket-listen', ANY_PORT, '--darkchat-peer-listen', peerListen,
        ...peers.flatMap((port) => ['--darkchat-peers', `127.0.0.1:${port}`]),
        ...(privatePeers ? ['--darkchat-private-peers'] : []),
        ...args,
      ],
    });
    await channel.findPorts();
    return channel;
  }

  /** Reads the ports from what the node printed; they may be others after a restart. */
  async findPorts() {
    for (const [name, pattern] of Object.entries(LISTENING)) this[name] = Number(await this.node.said(pattern));
  }

  get websocketUrl() {
    return `ws://127.0.0.1:${this.websocket}/`;
  }

  assertAlive() {
    return this.node.assertAlive();
  }
}

/** Ends nodes at the end of a suite, each cleanly. */
export const endChannels = (...channels) => endCleanly(...channels.map((channel) => channel?.node));
