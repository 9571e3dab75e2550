/** What messages say, in words alone: in lists, in quotes, and read aloud. */
import type { FileView, MessageView } from '../api/types';
import { clock, span, t } from '../i18n';

/** A message in one line. */
export function lineOf({ shown }: Pick<MessageView, 'shown'>): string {
  if (typeof shown !== 'object') return t.value.chat[shown];
  if ('text' in shown) return shown.text;
  if ('file' in shown) return fileLine(shown.file);
  if ('introduction' in shown) return t.value.introduction.title(shown.introduction.name);
  if ('room_link' in shown) return t.value.room.card(shown.room_link.name);
  return 'gap' in shown ? t.value.chat.gap(shown.gap) : t.value.notice(shown.notice, span);
}

/** What kind of file it is, how it may be seen, and what was written beside it. */
function fileLine({ name, kind, voice, look, caption }: FileView): string {
  const texts = t.value.said;
  const what = voice !== null ? texts.voice(clock(voice)) : kind.startsWith('image/') ? texts.picture : texts.file(name);
  const seen = look === 'keep' ? what : look === 'once' ? texts.once(what) : texts.seconds(what, look.seconds);
  return caption === '' ? seen : `${seen}: ${caption}`;
}
