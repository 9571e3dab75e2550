/** Asking before a picture goes with all that the camera has noted in it. */
import { t } from '../i18n';
import { confirm } from './confirm';

/** Whether a picture that can't be read here goes as a file. */
export function asFile(file: File): Promise<boolean> {
  const texts = t.peek().picture;
  return confirm({ title: texts.unreadable(file.name), text: texts.asFileText, yes: texts.asFile });
}
