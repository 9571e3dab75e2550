/** What the core warns of: it says so in English sentences, which other languages have a table for. */

/** A warning in words, by such a table; as the core has it if it is not in there. */
export function worded(warning: string, table: readonly (readonly [english: string, other: string])[]): string {
  for (const [english, other] of table) {
    const found = new RegExp(`^${english.split('{}').map(literal).join('(.+)')}$`, 's').exec(warning);
    if (found === null) continue;
    let next = 0;
    return other.replace(/\{\}/g, () => found[(next += 1)] ?? '');
  }
  return warning.charAt(0).toUpperCase() + warning.slice(1) + (/[.!?]$/.test(warning) ? '' : '.');
}

function literal(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
}
