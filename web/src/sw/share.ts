/** What other apps share with this one: it waits in a cache until the app has it. */
import { SHARED, SHARED_FOLDER, SHARED_KIND, SHARED_NAME } from './messages';

/** Most files of one share, and most bytes of all of them. */
const FILES_MAX = 30;
const BYTES_MAX = 512 * 1024 * 1024;

/** Keeps what is shared, in the place of what was shared before, and leads to the app. */
export async function takeShare(request: Request): Promise<Response> {
  await caches.delete(SHARED);
  try {
    await keep(await request.formData());
  } catch {
    // The app says that nothing came.
  }
  return Response.redirect('/#/share', 303);
}

async function keep(form: FormData): Promise<void> {
  const cache = await caches.open(SHARED);
  const texts = ['title', 'text', 'url'].map((name) => form.get(name)).filter((value) => typeof value === 'string' && value.trim() !== '');
  const text = [...new Set(texts)].join('\n');
  if (text !== '') await cache.put(`${SHARED_FOLDER}text`, new Response(text));
  let bytes = 0;
  const files = form.getAll('files').filter((value) => value instanceof File).slice(0, FILES_MAX);
  for (const [at, file] of files.entries()) {
    bytes += file.size;
    if (bytes > BYTES_MAX) break;
    const headers = { [SHARED_NAME]: encodeURIComponent(file.name), [SHARED_KIND]: encodeURIComponent(file.type) };
    await cache.put(`${SHARED_FOLDER}${String(at).padStart(2, '0')}`, new Response(file, { headers }));
  }
}
