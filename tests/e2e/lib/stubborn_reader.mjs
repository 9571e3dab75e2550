// A room client that joins and then stops reading: the socket stays open, its buffers fill up.

import { RawEngine } from './raw_engine.mjs';

export class StubbornReader {
  static async join(origin, roomId) {
    const reader = new StubbornReader();
    reader.raw = await RawEngine.connect(origin);
    reader.closed = false;
    reader.raw.socket.once('close', () => { reader.closed = true; });
    await reader.raw.ask('room-join', JSON.stringify({ roomId }));
    reader.raw.socket.pause();
    return reader;
  }

  /** Reads again; gives the numbers of the messages that were waiting, when the connection is quiet or gone. */
  resume() {
    this.raw.socket.resume();
  }

  get bodies() {
    return this.raw.frames.filter((text) => text.startsWith('42["chat-message"')).map((text) => JSON.parse(text.slice(2))[1].payload.body);
  }

  close() {
    this.raw.close();
  }
}
