/** The node, for its owner: health, storage, people, invitations, settings. */
import { useSignal, type Signal } from '@preact/signals';
import { inviteAsOwner, readFindings, readOverview, withdrawInvitation } from '../actions/home';
import type { Finding, OpenInvitation, Overview, Setting, Storage } from '../api/types';
import { date, size, t, when } from '../i18n';
import { findingTexts, wordedFinding } from '../i18n/findings';
import { attempt } from '../store/toasts';
import { confirm } from '../ui/confirm';
import { Coming, useTried } from '../ui/loaded';
import { Dialog, Page } from '../ui/parts';
import { QrCode } from '../ui/qr';
import { Tree } from './node-tree';

export function YourNode() {
  const tried = useTried(readOverview);
  const texts = t.value.home.node;
  return (
    <Page title={texts.title} back={{ at: 'settings' }}>
      <div class="padded" aria-busy={tried.found === null && tried.failed === null}>
        {tried.found === null ? <Coming tried={tried} /> : <Told seen={tried.found} changed={tried.again} />}
      </div>
    </Page>
  );
}

function Told({ seen, changed }: { readonly seen: Overview; readonly changed: () => void }) {
  const texts = t.value.home.node;
  return (
    <>
      <p><strong dir="auto">{seen.name}</strong><br /><span class="soft">{texts.version(seen.version, when(seen.started))}</span></p>
      <Health />
      <Room storage={seen.storage} />
      <section>
        <h2>{texts.people}</h2>
        <p>{texts.counted(seen.accounts, seen.seen_last_7_days)}</p>
        <Tree accounts={seen.tree} />
        {seen.more && <p class="soft">{texts.more}</p>}
        <p class="soft">{texts.nobody}</p>
      </section>
      <Invitations open={seen.invitations} changed={changed} />
      <Settings settings={seen.settings} />
    </>
  );
}

function Health() {
  const texts = t.value.home.node;
  const found = useSignal<readonly Finding[] | null>(null);
  const looking = useSignal(false);
  const look = async () => {
    looking.value = true;
    await attempt(async () => {
      const [{ findings }, words] = await Promise.all([readFindings(), findingTexts()]);
      found.value = findings.map((finding) => wordedFinding(finding, words));
    });
    looking.value = false;
  };
  return (
    <section aria-busy={looking.value}>
      <h2>{texts.health}</h2>
      <div role="status">{found.value?.every(({ level }) => level === 'ok') === true && <p class="good">{texts.well}</p>}</div>
      {found.value !== null && <ul>{found.value.map((finding, place) => <Found key={place} finding={finding} />)}</ul>}
      <button type="button" disabled={looking.value} onClick={() => void look()}>{looking.value ? texts.checking : texts.check}</button>
    </section>
  );
}

function Found({ finding }: { readonly finding: Finding }) {
  return (
    <li class={`fact level-${finding.level}`}>
      <strong>{finding.check}</strong>
      <span>{t.value.home.node.levels[finding.level]}</span>
      <small>{finding.text}{finding.advice !== null && <><br />→ {finding.advice}</>}</small>
    </li>
  );
}

function Room({ storage }: { readonly storage: Storage }) {
  const texts = t.value.home.node;
  const rows: [string, number][] = [[texts.database, storage.database], [texts.uploads, storage.uploads], [texts.free, storage.free], [texts.reserve, storage.reserve], [texts.daily, storage.daily]];
  return (
    <section>
      <h2>{texts.storage}</h2>
      <dl class="facts">{rows.map(([name, bytes]) => <div key={name}><dt>{name}</dt><dd>{size(bytes)}</dd></div>)}</dl>
      <p>{storage.days_left === null ? texts.noForecast : texts.forecast(storage.days_left)}</p>
    </section>
  );
}

function Invitations({ open, changed }: { readonly open: readonly OpenInvitation[]; readonly changed: () => void }) {
  const texts = t.value.home.node;
  const link = useSignal<string | null>(null);
  const make = () => attempt(async () => {
    link.value = (await inviteAsOwner()).link;
    changed();
  });
  const withdraw = async (id: string) => {
    const { cancelTitle: title, cancelText: text } = t.value.invite;
    if (!(await confirm({ title, text, yes: texts.withdraw }))) return;
    await attempt(async () => {
      await withdrawInvitation(id);
      changed();
    });
  };
  return (
    <section>
      <h2>{texts.invitations}</h2>
      {open.length === 0 && <p class="soft">{texts.noInvitations}</p>}
      <ul>
        {open.map((invitation) => (
          <li key={invitation.id} class="fact">
            <strong>{invitation.maker === null ? texts.yours : texts.by(invitation.maker)}</strong>
            <button type="button" class="small danger" aria-label={`${texts.withdraw}: ${texts.until(date(invitation.expires))}`} onClick={() => void withdraw(invitation.id)}>{texts.withdraw}</button>
            <small>{texts.until(date(invitation.expires))}</small>
          </li>
        ))}
      </ul>
      <button type="button" onClick={() => void make()}>{texts.invite}</button>
      {link.value !== null && <Made link={link} />}
    </section>
  );
}

function Made({ link }: { readonly link: Signal<string | null> }) {
  const texts = t.value.home.node;
  const text = link.value ?? '';
  return (
    <Dialog title={texts.invite} onClose={() => { link.value = null; }}>
      <div class="made">
        <p>{texts.inviteText}</p>
        <QrCode text={text} label={texts.invite} />
        <p class="address" dir="ltr">{text}</p>
      </div>
    </Dialog>
  );
}

function Settings({ settings }: { readonly settings: readonly Setting[] }) {
  const texts = t.value.home.node;
  const changed = settings.filter((setting) => setting.changed);
  return (
    <section>
      <h2>{texts.settings}</h2>
      <p class="soft">{texts.settingsText}</p>
      {changed.length > 0 && <><h3>{texts.changed}</h3><Listed settings={changed} /></>}
      <details>
        <summary>{texts.all}</summary>
        <Listed settings={settings} />
      </details>
    </section>
  );
}

function Listed({ settings }: { readonly settings: readonly Setting[] }) {
  return (
    <dl class="facts settings" dir="ltr">
      {settings.map(({ name, value, source }) => <div key={name}><dt>{name}</dt><dd title={source}>{value}</dd></div>)}
    </dl>
  );
}
