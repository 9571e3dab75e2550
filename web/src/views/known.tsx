/** What the node knows of the account, asked just now. */
import { readKnown } from '../actions/home';
import type { Known, KnownRow, KnownRows } from '../api/types';
import { date, size, t } from '../i18n';
import { devices } from '../store/data';
import { Coming, useTried } from '../ui/loaded';
import { Page } from '../ui/parts';

export function WhatIsKnown() {
  const known = useTried(readKnown);
  const texts = t.value.home.known;
  return (
    <Page title={texts.title} back={{ at: 'settings' }}>
      <div class="padded" aria-busy={known.found === null && known.failed === null}>
        <p class="lead">{texts.lead}</p>
        {known.found === null ? <Coming tried={known} /> : <Told known={known.found} />}
      </div>
    </Page>
  );
}

function Told({ known }: { readonly known: Known }) {
  const texts = t.value.home.known;
  return (
    <>
      <section>
        {known.created !== null && <p>{texts.since(date(known.created))}</p>}
        {known.seen !== null && <p>{texts.seen(date(known.seen))}</p>}
        {known.invited && <p>{texts.invited}</p>}
        {known.invites > 0 && <p>{texts.invites(known.invites)}</p>}
        <p>{texts.addresses}</p>
      </section>
      <section>
        <h2>{texts.devices}</h2>
        <ul>
          {known.devices.map((device) => (
            <li key={device.key} class="fact"><Name device={device.key} /><small>{device.push === null ? texts.noPush : texts.push(device.push)}</small></li>
          ))}
        </ul>
      </section>
      <section>
        <h2>{texts.rows}</h2>
        <ul>{known.rows.map((rows) => <Kind key={rows.kind} rows={rows} />)}</ul>
      </section>
    </>
  );
}

/** The node knows keys alone; their names are this device's. */
function Name({ device }: { readonly device: string }) {
  const name = devices.value.find((found) => base64url(found.key) === device)?.name;
  return name === undefined ? <code class="key" dir="ltr">{device.slice(0, 12)}…</code> : <strong dir="auto">{name}</strong>;
}

function Kind({ rows }: { readonly rows: KnownRows }) {
  const texts = t.value.home.known;
  // A newer node may keep what this app has no words for: it is shown all the same, by the node's own name.
  const [name, about] = (texts.kinds as Readonly<Record<string, readonly string[] | undefined>>)[rows.kind] ?? [rows.kind, ''];
  return (
    <li class="fact">
      <strong>{name}</strong>
      <span>{rows.count === 0 ? texts.none : rows.bytes === 0 ? rows.count : `${rows.count} · ${size(rows.bytes)}`}</span>
      <small>{about} {span(rows.rows)}</small>
      {rows.rows.length > 1 && <Each rows={rows} />}
    </li>
  );
}

function Each({ rows }: { readonly rows: KnownRows }) {
  const texts = t.value.home.known;
  return (
    <details>
      <summary>{texts.each}</summary>
      <ol class="each">
        {rows.rows.map((row, place) => (
          <li key={place}>{[row.at !== null && date(row.at), size(row.bytes), row.expires !== null && texts.goes(date(row.expires))].filter(Boolean).join(' · ')}</li>
        ))}
      </ol>
      {rows.count > rows.rows.length && <p>{texts.more(rows.count - rows.rows.length)}</p>}
    </details>
  );
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

/** When the first and the last of them go. */
function span(rows: readonly KnownRow[]): string {
  const texts = t.value.home.known;
  const times = rows.map((row) => row.expires).filter((expires) => expires !== null);
  if (times.length === 0) return '';
  const [first, last] = [date(Math.min(...times)), date(Math.max(...times))];
  return `(${first === last ? texts.goes(first) : texts.goesBetween(first, last)})`;
}
