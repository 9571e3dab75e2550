/** What was begun in the composer of a conversation, as long as the tab is there. */
const place = (group: string) => `tidings.draft.${group}`;

export function draftOf(group: string): string {
  return sessionStorage.getItem(place(group)) ?? '';
}

export function keepDraft(group: string, text: string): void {
  sessionStorage.setItem(place(group), text);
}

/** Puts a text behind what stands there already. */
export function addToDraft(group: string, text: string): void {
  const before = draftOf(group).trimEnd();
  keepDraft(group, before === '' ? text : `${before}\n${text}`);
}
