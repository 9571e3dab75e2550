/** Recording a voice, as the browser can. */

/** Longest recording, in milliseconds. */
export const LENGTH_MAX = 30 * 60 * 1000;
/** Bits of sound per second: speech needs no more. */
const BITS = 32_000;
/** What is recorded: Opus where the browser has it, AAC where it has only that. */
const KINDS = ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus', 'audio/mp4;codecs=opus', 'audio/mp4;codecs=mp4a.40.2', 'audio/mp4'] as const;

export interface Recorded {
  readonly content: Blob;
  /** Without what comes after `;`. */
  readonly kind: string;
  /** Milliseconds. */
  readonly length: number;
}

export class Recording {
  readonly #stream: MediaStream;
  readonly #recorder: MediaRecorder;
  readonly #context = new AudioContext();
  readonly #analyser: AnalyserNode;
  readonly #samples: Uint8Array<ArrayBuffer>;
  readonly #parts: Blob[] = [];
  readonly #since = performance.now();

  private constructor(stream: MediaStream) {
    this.#stream = stream;
    const mimeType = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
    this.#recorder = new MediaRecorder(stream, { audioBitsPerSecond: BITS, ...(mimeType === undefined ? {} : { mimeType }) });
    this.#recorder.ondataavailable = ({ data }) => { this.#parts.push(data); };
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = 512;
    this.#samples = new Uint8Array(this.#analyser.fftSize);
    this.#context.createMediaStreamSource(stream).connect(this.#analyser);
    this.#recorder.start(1_000);
  }

  /** Asks for the microphone, and begins. Fails with a `DOMException` named `NotAllowedError` or `NotFoundError`. */
  static async start(): Promise<Recording> {
    return new Recording(await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } }));
  }

  /** Milliseconds so far. */
  get length(): number {
    return Math.min(LENGTH_MAX, performance.now() - this.#since);
  }

  /** How loud it is now, from 0 to 1. */
  level(): number {
    this.#analyser.getByteTimeDomainData(this.#samples);
    const squares = this.#samples.reduce((sum, sample) => sum + ((sample - 128) / 128) ** 2, 0);
    return Math.min(1, 3 * Math.sqrt(squares / this.#samples.length));
  }

  /** Ends it, and gives what was recorded. */
  async stop(): Promise<Recorded> {
    const { length } = this;
    const ended = new Promise<void>((done) => { this.#recorder.onstop = () => { done(); }; });
    this.#recorder.stop();
    await ended;
    this.end();
    const [kind = ''] = this.#recorder.mimeType.split(';');
    return { content: new Blob(this.#parts, { type: kind }), kind, length: Math.round(length) };
  }

  /** Lets go of the microphone. */
  end(): void {
    for (const track of this.#stream.getTracks()) track.stop();
    void this.#context.close().catch(() => undefined);
  }
}
