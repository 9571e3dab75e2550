/** People whom a contact suggests: a card with a yes and a no. */
import { answerIntroduction } from '../actions/contacts';
import type { IntroductionView, MessageView } from '../api/types';
import { t } from '../i18n';
import { contact, introductions } from '../store/data';
import { attempt } from '../store/toasts';
import { Avatar } from '../ui/parts';

/** All that wait for an answer, or for the other. */
export function Introductions() {
  if (introductions.value.length === 0) return null;
  return <div class="cards">{introductions.value.map((found) => <Card key={found.introduction} found={found} />)}</div>;
}

function Card({ found }: { readonly found: IntroductionView }) {
  const texts = t.value.introduction;
  const by = contact(found.by)?.name ?? '';
  return (
    <section class="card" aria-label={texts.title(found.name)}>
      <p class="card-head"><Avatar name={found.name} /><span dir="auto">{found.followed ? texts.waiting(found.name) : texts.text(by, found.name)}</span></p>
      {!found.followed && <Answers introduction={found.introduction} name={found.name} />}
    </section>
  );
}

/** A suggestion in a conversation. */
export function Introduced({ message, name, introduction, open }: { readonly message: MessageView; readonly name: string; readonly introduction: string; readonly open: boolean }) {
  const texts = t.value.introduction;
  return (
    <div class="text">
      <p dir="auto">{message.mine ? texts.mine(name) : texts.text(message.name, name)}</p>
      {open && !message.mine && <Answers introduction={introduction} name={name} />}
    </div>
  );
}

/** The two answers. */
function Answers({ introduction, name }: { readonly introduction: string; readonly name: string }) {
  const texts = t.value.introduction;
  return (
    <p class="answers">
      <button type="button" class="primary" onClick={() => void attempt(() => answerIntroduction(introduction, true))}>{texts.yes(name)}</button>
      <button type="button" onClick={() => void attempt(() => answerIntroduction(introduction, false))}>{texts.no}</button>
    </p>
  );
}
