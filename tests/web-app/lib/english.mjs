// The app's English texts, as patterns: what is among them on a page in another language was left untranslated.
import { readFile } from 'node:fs/promises';

const FOLDER = new URL('../../../web/src/i18n/', import.meta.url);
/** A text with something filled in must have so many letters of its own, or it would fit anything. */
const OWN_LETTERS = 5;

const textsOf = async (names) => {
  const sources = await Promise.all(names.map((name) => readFile(new URL(name, FOLDER), 'utf8')));
  return sources.join('\n').split('\n').filter((line) => !line.startsWith('import')).join('\n').match(/'(?:[^'\n])+'|`[^`\n]+`/g).map((text) => text.slice(1, -1));
};

const pattern = (text) => new RegExp(`^${text.split(/\$\{(?:[^{}]|\{[^}]*\})*\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+')}$`, 'u');

/** Patterns of all English texts that are others in the other language. */
export async function englishTexts(language) {
  const [english, other] = await Promise.all([textsOf(['en.ts', 'home.en.ts', 'notice.en.ts']), textsOf([`${language}.ts`, `home.${language}.ts`, `notice.${language}.ts`])]);
  const same = new Set(other);
  return english.filter((text) => !same.has(text) && text.replace(/\$\{(?:[^{}]|\{[^}]*\})*\}/g, '').replace(/[^\p{L}]/gu, '').length >= (text.includes('${') ? OWN_LETTERS : 2)).map(pattern);
}

/** Patterns of what the node's doctor says, which has German in a table: the first of each pair. */
export async function doctorsTexts() {
  const source = await readFile(new URL('findings.de.ts', FOLDER), 'utf8');
  const texts = [...source.matchAll(/\[\s*'((?:[^'\\\n]|\\.)+)',\s*'/g)].map(([, text]) => text.replaceAll('\\', ''));
  return texts.map((text) => new RegExp(`^(?:→ )?${text.split('{}').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+')}$`, 'u'));
}

/** All that one reads or hears on a page: texts, names, placeholders. */
export const saidOn = (page) => page.evaluate(() => {
  const said = [document.title];
  const shown = (element) => element.closest('[translate="no"], script, noscript, .kit') === null && element.getClientRects().length > 0;
  for (const element of [...document.querySelectorAll('body *')].filter(shown)) {
    for (const name of ['aria-label', 'title', 'placeholder', 'alt']) said.push(element.getAttribute(name) ?? '');
    for (const child of element.childNodes) if (child.nodeType === Node.TEXT_NODE) said.push(child.textContent);
    said.push(element.childElementCount === 0 ? element.textContent : '');
  }
  return [...new Set(said.map((text) => text.trim()))].filter((text) => text !== '');
});
