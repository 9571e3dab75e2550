// Telling apart what the sender merged from what a late reader merged. On a machine that is busy with other things a reader may be
// kept waiting for longer than the sender's pause; what arrives meanwhile comes in one read, and nobody but the machine is to blame.

const TICK_MS = 1;
/** Less than the pause that a good sender makes between messages (5 ms, section 3). */
const LATE_MS = 4;
const SEPARATOR = '**@#@';

/** Watches its own thread's punctuality while somebody needs to know. */
export class Punctuality {
  #timer;
  #last = 0;
  #lateAt = -Infinity;

  start() {
    if (this.#timer) return;
    this.#last = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (now - this.#last > LATE_MS) this.#lateAt = now;
      this.#last = now;
    }, TICK_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Whether this thread was kept waiting just now. */
  get late() {
    const now = performance.now();
    return now - this.#last > LATE_MS || now - this.#lateAt < 2 * LATE_MS;
  }
}

/** Where the JSON object at the beginning of `text` ends; `undefined` if it does not. */
function endOfObject(text) {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const letter = text[index];
    if (quoted) {
      if (letter === '\\') index += 1;
      else if (letter === '"') quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === '{' || letter === '[') depth += 1;
    else if (letter === '}' || letter === ']') {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return undefined;
}

/** The objects in a text, each with its spaces behind it. What is cut stays as it is, at the end. */
export function splitObjects(text) {
  const found = [];
  let rest = text;
  while (rest.startsWith('{')) {
    const end = endOfObject(rest);
    if (end === undefined) break;
    const spaces = rest.slice(end).match(/^\s*/)[0].length;
    found.push(rest.slice(0, end + spaces));
    rest = rest.slice(end + spaces);
  }
  return rest === '' ? found : [...found, rest];
}

/** The peers' relays in a text, likewise. */
export function splitRelays(text) {
  const found = [];
  let rest = text;
  for (;;) {
    const object = rest.split(SEPARATOR, 2).join(SEPARATOR).length + SEPARATOR.length;
    const end = rest.startsWith('{', object) ? endOfObject(rest.slice(object)) : undefined;
    if (end === undefined) break;
    found.push(rest.slice(0, object + end));
    rest = rest.slice(object + end);
  }
  return rest === '' ? found : [...found, rest];
}
