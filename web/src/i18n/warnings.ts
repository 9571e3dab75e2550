/** What the core warns of: it says so in English sentences, which other languages have a table for. */

/** English sentences, and what they are in another language: `{}` stands for what differs, in the same order. */
export type Sentences = readonly (readonly [english: string, other: string])[];

/** A warning in words, by such a table; as the core has it if it is not in there. */
export function worded(warning: string, table: Sentences): string {
  return translated(warning, table) ?? warning.charAt(0).toUpperCase() + warning.slice(1) + (/[.!?]$/.test(warning) ? '' : '.');
}

/** A sentence by such a table, with `fill` over what is filled in; null if it is not in there. */
export function translated(text: string, table: Sentences, fill: (value: string) => string = (value) => value): string | null {
  for (const [english, other] of table) {
    const found = new RegExp(`^${english.split('{}').map(literal).join('(.+)')}$`, 's').exec(text);
    if (found === null) continue;
    let next = 0;
    return other.replace(/\{\}/g, () => fill(found[(next += 1)] ?? ''));
  }
  return null;
}

function literal(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
}
