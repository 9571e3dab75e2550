/** Paints a picture with what was done to it: on the screen, and as it is sent. */
import { matrix, seen, type Edited, type Label, type Point, type Stroke } from './model';

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

const FONT = 'system-ui, sans-serif';
const QUARTER = Math.PI / 2;

export function paint(context: Context, picture: ImageBitmap, edited: Edited): void {
  context.save();
  // What is transparent would become black.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, Math.max(picture.width, picture.height), Math.max(picture.width, picture.height));
  context.transform(...matrix(edited));
  context.drawImage(picture, 0, 0);
  for (const stroke of edited.strokes) paintStroke(context, stroke);
  for (const label of edited.labels) paintLabel(context, label);
  context.restore();
}

function paintStroke(context: Context, { colour, width, points }: Stroke): void {
  const [first, ...rest] = points;
  if (first === undefined) return;
  Object.assign(context, { strokeStyle: colour, lineWidth: width, lineCap: 'round', lineJoin: 'round' });
  context.beginPath();
  context.moveTo(first.x, first.y);
  let before: Point = first;
  for (const point of rest) {
    context.quadraticCurveTo(before.x, before.y, (before.x + point.x) / 2, (before.y + point.y) / 2);
    before = point;
  }
  context.lineTo(before.x, before.y);
  context.stroke();
}

function paintLabel(context: Context, { text, at, colour, size, turns }: Label): void {
  context.save();
  context.translate(at.x, at.y);
  context.rotate(-turns * QUARTER);
  setFont(context, size);
  Object.assign(context, { textAlign: 'center', textBaseline: 'middle', lineJoin: 'round', lineWidth: size / 6 });
  // An edge in which it can be read on any ground.
  context.strokeStyle = colour === '#111111' ? '#ffffff' : '#111111';
  context.strokeText(text, 0, 0);
  context.fillStyle = colour;
  context.fillText(text, 0, 0);
  context.restore();
}

function setFont(context: Context, size: number): void {
  context.font = `700 ${size}px ${FONT}`;
}

/** Where a text is seen, and how much room it takes. */
export function boxOf(context: Context, edited: Edited, label: Label): { readonly middle: Point; readonly width: number; readonly height: number } {
  setFont(context, label.size);
  const [long, high] = [context.measureText(label.text).width, label.size * 1.3];
  const upright = (edited.turns - label.turns) % 2 === 0;
  return { middle: seen(edited, label.at), width: upright ? long : high, height: upright ? high : long };
}
