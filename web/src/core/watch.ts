/**
 * Whether the tab that leads is still there: a frozen one says nothing of it. It is asked as long as something waits for it. Turns are counted and
 * not the time, which goes on while this tab is frozen itself.
 */

/** Milliseconds between two turns. */
const EVERY = 2_000;
/** Turns without a word after which it counts as silent. */
const TURNS = 5;

export interface Watched {
  /** Whether anything waits for a word of the other tab. */
  waits(): boolean;
  /** Asks it for one. */
  ask(): void;
  /** It says nothing; told at each turn. */
  silent(): void;
}

export class Watch {
  #timer: ReturnType<typeof setInterval> | undefined;
  #unanswered = 0;

  constructor(readonly watched: Watched) {}

  /** Something waits now. */
  begin(): void {
    this.#timer ??= setInterval(() => { this.#turn(); }, EVERY);
  }

  /** A word came. */
  heard(): void {
    this.#unanswered = 0;
  }

  #turn(): void {
    if (!this.watched.waits()) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#unanswered = 0;
      return;
    }
    this.watched.ask();
    this.#unanswered += 1;
    if (this.#unanswered >= TURNS) this.watched.silent();
  }
}
