/** Looking at pictures. */
import { attempt } from '../store/toasts';
import { opening, viewing, VIEWING_MAX, type Viewed } from '../store/viewing';
import { openFile } from './files';

/** Fetches the picture of a message and shows it. */
export async function view(group: string, about: Omit<Viewed, 'name' | 'content'>): Promise<void> {
  const { message } = about;
  if (opening.peek().has(message) || opening.peek().size + viewing.peek().length >= VIEWING_MAX) return;
  opening.value = new Set([...opening.peek(), message]);
  await attempt(async () => {
    // Before the picture: what is gone by being fetched must be able to be shown.
    await import('../views/viewer');
    const { name, content } = await openFile(group, message);
    viewing.value = [...viewing.peek(), { ...about, name, content }];
  });
  opening.value = new Set([...opening.peek()].filter((one) => one !== message));
}
