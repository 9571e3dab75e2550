/** What one can do to a picture. */
import { useSignal, type Signal } from '@preact/signals';
import { t } from '../../i18n';
import { Choices } from '../../ui/choices';
import { Icon, type IconName } from '../../ui/icons';
import { cropped, framed, sizeOf, turned, unseen, withLabel, type Edited, type Rect } from './model';

const COLOURS = { white: '#ffffff', black: '#111111', red: '#e5352b', yellow: '#ffd23f', green: '#1fa45b', blue: '#2f6fed' } as const;
/** Widths of lines and heights of letters, as parts of the shorter side: fine and broad. */
const LINES = [0.008, 0.026] as const;
const LETTERS = [0.07, 0.12] as const;
/** Most characters of a text on a picture. */
const TEXT_CHARS_MAX = 80;

export interface Tools {
  readonly mode: 'draw' | 'text' | 'crop';
  readonly colour: string;
  readonly broad: boolean;
  readonly frame: Rect | null;
  /** The text that was chosen last. */
  readonly label: number | null;
}

export const FIRST: Tools = { mode: 'draw', colour: COLOURS.red, broad: false, frame: null, label: null };

export function widthOf({ crop }: Edited, broad: boolean): number {
  return Math.min(crop.width, crop.height) * LINES[broad ? 1 : 0];
}

function sizeOfLetters({ crop }: Edited, broad: boolean): number {
  return Math.min(crop.width, crop.height) * LETTERS[broad ? 1 : 0];
}

/** The modes, and what is done at once. */
export function Modes({ edited, change, tools }: { readonly edited: Edited; readonly change: (next: Edited) => void; readonly tools: Signal<Tools> }) {
  const texts = t.value.picture;
  const mode = (name: Tools['mode'], icon: IconName, label: string) => (
    <button type="button" class="icon-button" aria-label={label} title={label} aria-pressed={tools.value.mode === name} onClick={() => { tools.value = { ...tools.value, mode: name, frame: name === 'crop' ? whole(edited) : null }; }}>
      <Icon name={icon} />
    </button>
  );
  const turn = () => {
    const next = turned(edited);
    tools.value = { ...tools.value, frame: tools.value.frame && whole(next) };
    change(next);
  };
  return (
    <>
      {mode('draw', 'pen', texts.draw)}
      {mode('text', 'letter', texts.text)}
      {mode('crop', 'crop', texts.crop)}
      <button type="button" class="icon-button" aria-label={texts.turn} title={texts.turn} onClick={turn}><Icon name="turn" /></button>
    </>
  );
}

/** What belongs to the mode. */
export function Settings({ edited, change, tools }: { readonly edited: Edited; readonly change: (next: Edited) => void; readonly tools: Signal<Tools> }) {
  if (tools.value.mode === 'crop') return <Cropping edited={edited} change={change} tools={tools} />;
  return (
    <>
      {tools.value.mode === 'text' && <Writing edited={edited} change={change} tools={tools} />}
      <Looks edited={edited} change={change} tools={tools} />
    </>
  );
}

function Looks({ edited, change, tools }: { readonly edited: Edited; readonly change: (next: Edited) => void; readonly tools: Signal<Tools> }) {
  const texts = t.value.picture;
  const { colour, broad, mode, label } = tools.value;
  const set = (next: Partial<Pick<Tools, 'colour' | 'broad'>>) => {
    tools.value = { ...tools.value, ...next };
    const chosen = mode === 'text' ? edited.labels.find((found) => found.id === label) : undefined;
    if (chosen !== undefined) change(withLabel(edited, { ...chosen, colour: tools.value.colour, size: sizeOfLetters(edited, tools.value.broad) }));
  };
  const names = Object.entries(COLOURS) as [keyof typeof COLOURS, string][];
  return (
    <div class="looks">
      <Choices label={texts.colour} chosen={colour} choose={(next) => { set({ colour: next }); }} choices={names.map(([name, value]) => ({ value, name: texts.colours[name], sign: <i class="swatch" style={{ background: value }} /> }))} />
      <Choices label={texts.width} chosen={broad} choose={(next) => { set({ broad: next }); }} choices={[{ value: false, name: texts.fine, sign: <i class="nib" /> }, { value: true, name: texts.broad, sign: <i class="nib broad" /> }]} />
    </div>
  );
}

function Writing({ edited, change, tools }: { readonly edited: Edited; readonly change: (next: Edited) => void; readonly tools: Signal<Tools> }) {
  const texts = t.value.picture;
  const written = useSignal('');
  const put = (event: Event) => {
    event.preventDefault();
    const text = written.value.trim();
    if (text === '') return;
    const [width, height] = sizeOf(edited);
    const id = 1 + Math.max(0, ...edited.labels.map((label) => label.id));
    // Each a little lower than the one before, so that none hides another.
    const at = unseen(edited, { x: width / 2, y: height * (0.3 + 0.1 * (edited.labels.length % 5)) });
    change(withLabel(edited, { id, text, at, colour: tools.value.colour, size: sizeOfLetters(edited, tools.value.broad), turns: edited.turns }));
    tools.value = { ...tools.value, label: id };
    written.value = '';
  };
  return (
    <form class="writing" onSubmit={put}>
      <input aria-label={texts.write} placeholder={texts.write} dir="auto" maxLength={TEXT_CHARS_MAX} value={written.value} onInput={(event) => { written.value = event.currentTarget.value; }} />
      <button type="submit" disabled={written.value.trim() === ''}>{texts.put}</button>
    </form>
  );
}

function Cropping({ edited, change, tools }: { readonly edited: Edited; readonly change: (next: Edited) => void; readonly tools: Signal<Tools> }) {
  const texts = t.value.picture;
  const { frame } = tools.value;
  const apply = () => {
    if (frame === null) return;
    const next = cropped(edited, frame);
    change(next);
    tools.value = { ...tools.value, frame: whole(next) };
  };
  return (
    <div class="looks">
      <p class="soft">{texts.cropHint}</p>
      <button type="button" onClick={apply}>{texts.apply}</button>
    </div>
  );
}

/** All of it but an edge, which shows that there is a frame. */
function whole(edited: Edited): Rect {
  const [width, height] = sizeOf(edited);
  return framed({ x: width * 0.08, y: height * 0.08, width: width * 0.84, height: height * 0.84 }, [width, height]);
}
