/** Oneself, and how the app is. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { deleteEverything } from '../actions/account';
import { readKnown } from '../actions/home';
import { setName, setPicture, setReceipts } from '../actions/own';
import type { MeView } from '../api/types';
import { allLanguages, fullDate, language, setLanguage, t, type Language } from '../i18n';
import { me } from '../store/data';
import { keptSince, wordsHere } from '../store/keeping';
import { address } from '../store/route';
import { slashOpens } from '../store/search';
import { theme, type Theme } from '../store/theme';
import { attempt } from '../store/toasts';
import { Dialog, Field, Page } from '../ui/parts';
import { Export } from './export';
import { Face } from './face';
import { History } from './history';
import { Notifications } from './notifications';
import { Warnings } from './warnings';

export function Settings() {
  const mine = me.value;
  if (mine === null) return null;
  return (
    <Page title={t.value.settings.title} back={{ at: 'list' }}>
      <div class="padded">
        <Warnings />
        <Profile mine={mine} />
        <Security mine={mine} />
        <Notifications mine={mine} />
        <Home />
        <Appearance />
        <Ending />
      </div>
    </Page>
  );
}

function Profile({ mine }: { readonly mine: MeView }) {
  const texts = t.value.settings;
  const name = useSignal(mine.name);
  const save = (event: Event) => {
    event.preventDefault();
    void attempt(() => setName(name.value));
  };
  return (
    <section>
      <h2>{texts.profile}</h2>
      <Face name={mine.name} picture={mine.picture} label={texts.picture} set={setPicture} />
      <form onSubmit={save}>
        <Field label={texts.name} maxLength={64} autocomplete="nickname" value={name.value} onInput={(event) => { name.value = event.currentTarget.value; }} />
        {name.value.trim() !== mine.name && name.value.trim() !== '' && <button type="submit" class="primary">{t.value.save}</button>}
      </form>
      <p class="soft">{texts.node}: <span dir="ltr">{mine.node}</span></p>
    </section>
  );
}

function Security({ mine }: { readonly mine: MeView }) {
  const texts = t.value.settings;
  const words = wordsHere.value === true ? texts.wordsNotYet : keptSince.value === null ? '' : texts.wordsSince(fullDate(keptSince.value));
  return (
    <section class="menu">
      <a href={address({ at: 'people' })}>{t.value.person.all}</a>
      <a href={address({ at: 'devices' })}>{texts.devices}</a>
      <a href={address({ at: 'words' })}>{texts.words} <small class={wordsHere.value === true ? 'alarm' : 'good'}>{words}</small></a>
      <label class="switch"><input type="checkbox" checked={mine.read_receipts} onChange={(event) => void attempt(() => setReceipts(event.currentTarget.checked))} /> {texts.receipts}</label>
      <History mine={mine} />
    </section>
  );
}

/** What the node knows; and its own page, for whom it belongs to. */
function Home() {
  const texts = t.value.home;
  const owner = useSignal(false);
  useEffect(() => { readKnown().then((known) => { owner.value = known.owner; }, () => undefined); }, []);
  return (
    <section class="menu">
      <a href={address({ at: 'known' })}>{texts.known.title}</a>
      {owner.value && <a href={address({ at: 'node' })}>{texts.node.open}</a>}
    </section>
  );
}

function Appearance() {
  const texts = t.value.settings;
  const themes: [Theme, string][] = [['system', texts.system], ['light', texts.light], ['dark', texts.dark]];
  return (
    <section>
      <label class="field">
        <span>{texts.theme}</span>
        <select value={theme.value} onChange={(event) => { theme.value = event.currentTarget.value as Theme; }}>
          {themes.map(([value, name]) => <option key={value} value={value}>{name}</option>)}
        </select>
      </label>
      <label class="field">
        <span>{texts.language}</span>
        <select value={language.value} onChange={(event) => { void attempt(() => setLanguage(event.currentTarget.value as Language)); }}>
          {allLanguages.map(({ code, name }) => <option key={code} value={code} lang={code}>{name}</option>)}
        </select>
      </label>
      <label class="switch"><input type="checkbox" checked={slashOpens.value} onChange={(event) => { slashOpens.value = event.currentTarget.checked; }} /> {texts.slash}</label>
    </section>
  );
}

function Ending() {
  const texts = t.value.settings;
  const [sure, exporting, working] = [useSignal(false), useSignal(false), useSignal(false)];
  const end = async () => {
    working.value = true;
    await attempt(deleteEverything);
    working.value = false;
  };
  const takeAlong = () => {
    sure.value = false;
    exporting.value = true;
  };
  return (
    <section class="ending">
      <button type="button" onClick={takeAlong}>{t.value.export.title}</button>
      <button type="button" class="danger" onClick={() => { sure.value = true; }}>{texts.deleteAll}</button>
      {exporting.value && <Export close={() => { exporting.value = false; }} />}
      {sure.value && (
        <Dialog title={texts.deleteAll} onClose={() => { sure.value = false; }}>
          <p>{texts.deleteAllText}</p>
          <button type="button" onClick={takeAlong}>{t.value.export.first}</button>
          <button type="button" class="primary danger" disabled={working.value} onClick={() => void end()}>{texts.deleteAll}</button>
        </Dialog>
      )}
    </section>
  );
}
