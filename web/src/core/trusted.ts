/** The only way to scripts: of this origin, and from the folder of the app's own files. */
interface Policy {
  createScriptURL(url: string): unknown;
}
interface Factory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy;
}

const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
const policy = factory?.createPolicy('tidings', { createScriptURL: own });

function own(url: string): string {
  const found = new URL(url, location.href);
  if (found.origin !== location.origin) throw new TypeError('a script of another origin');
  return found.href;
}

/** A script's URL as browsers with Trusted Types want it. */
export function trusted(url: string): string {
  return (policy?.createScriptURL(url) ?? own(url)) as string;
}
