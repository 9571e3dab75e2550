/**
 * What is done to a picture before it is sent. All places are in pixels of the picture as it was taken, so that turning and cropping move
 * nothing of what was drawn.
 */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Rect extends Point {
  readonly width: number;
  readonly height: number;
}

export interface Stroke {
  readonly colour: string;
  readonly width: number;
  readonly points: readonly Point[];
}

export interface Label {
  readonly id: number;
  readonly text: string;
  /** Its middle. */
  readonly at: Point;
  readonly colour: string;
  readonly size: number;
  /** How the picture was turned as it was written: it reads upright then. */
  readonly turns: number;
}

export interface Edited {
  readonly crop: Rect;
  /** Quarters, clockwise. */
  readonly turns: number;
  readonly strokes: readonly Stroke[];
  readonly labels: readonly Label[];
}

/** Bounds of what one picture can carry, and of how far back one can go. */
const STROKES_MAX = 500;
const POINTS_MAX = 5_000;
const LABELS_MAX = 20;
const UNDO_MAX = 50;
/** The least side that cropping leaves, in pixels. */
export const SIDE_MIN = 32;

export interface History {
  readonly past: readonly Edited[];
  readonly now: Edited;
}

export function untouched(width: number, height: number): History {
  return { past: [], now: { crop: { x: 0, y: 0, width, height }, turns: 0, strokes: [], labels: [] } };
}

/** The next state; the one before can be had back. */
export function changed(history: History, now: Edited): History {
  return { past: [...history.past, history.now].slice(-UNDO_MAX), now };
}

export function undone({ past, now }: History): History {
  return { past: past.slice(0, -1), now: past.at(-1) ?? now };
}

export function withStroke(edited: Edited, stroke: Stroke): Edited {
  const points = stroke.points.slice(0, POINTS_MAX);
  return { ...edited, strokes: [...edited.strokes, { ...stroke, points }].slice(-STROKES_MAX) };
}

export function withLabel(edited: Edited, label: Label): Edited {
  const others = edited.labels.filter((found) => found.id !== label.id);
  return { ...edited, labels: [...others, { ...label, at: inside(label.at, edited.crop) }].slice(-LABELS_MAX) };
}

export function withoutLabel(edited: Edited, id: number): Edited {
  return { ...edited, labels: edited.labels.filter((label) => label.id !== id) };
}

export function turned(edited: Edited): Edited {
  return { ...edited, turns: (edited.turns + 1) % 4 };
}

/** Width and height of what is seen. */
export function sizeOf({ crop, turns }: Edited): [number, number] {
  return turns % 2 === 0 ? [crop.width, crop.height] : [crop.height, crop.width];
}

/** The matrix from the picture to what is seen, as a canvas takes it. */
export function matrix({ crop, turns }: Edited): [number, number, number, number, number, number] {
  const { x, y, width, height } = crop;
  switch (turns) {
    case 1: return [0, 1, -1, 0, height + y, -x];
    case 2: return [-1, 0, 0, -1, width + x, height + y];
    case 3: return [0, -1, 1, 0, -y, width + x];
    default: return [1, 0, 0, 1, -x, -y];
  }
}

/** Where a point of the picture is seen. */
export function seen(edited: Edited, { x, y }: Point): Point {
  const [a, b, c, d, e, f] = matrix(edited);
  return { x: a * x + c * y + e, y: b * x + d * y + f };
}

/** Which point of the picture is seen there. */
export function unseen(edited: Edited, { x, y }: Point): Point {
  const [a, b, c, d, e, f] = matrix(edited);
  // The matrix turns only: its inverse is its transpose.
  return { x: a * (x - e) + b * (y - f), y: c * (x - e) + d * (y - f) };
}

/** Keeps the part of what is seen that lies in this rectangle. */
export function cropped(edited: Edited, frame: Rect): Edited {
  const [one, other] = [unseen(edited, frame), unseen(edited, { x: frame.x + frame.width, y: frame.y + frame.height })];
  const [x, y] = [Math.round(Math.min(one.x, other.x)), Math.round(Math.min(one.y, other.y))];
  const crop = { x, y, width: Math.max(1, Math.round(Math.abs(one.x - other.x))), height: Math.max(1, Math.round(Math.abs(one.y - other.y))) };
  return { ...edited, crop };
}

/** A frame inside what is seen, no smaller than can be grasped. */
export function framed({ x, y, width, height }: Rect, [wide, high]: [number, number]): Rect {
  const w = Math.min(wide, Math.max(Math.min(SIDE_MIN, wide), width));
  const h = Math.min(high, Math.max(Math.min(SIDE_MIN, high), height));
  return { x: Math.min(Math.max(0, x), wide - w), y: Math.min(Math.max(0, y), high - h), width: w, height: h };
}

/** The rectangle between two corners. */
export function between(one: Point, other: Point): Rect {
  return { x: Math.min(one.x, other.x), y: Math.min(one.y, other.y), width: Math.abs(one.x - other.x), height: Math.abs(one.y - other.y) };
}

function inside({ x, y }: Point, crop: Rect): Point {
  return { x: Math.min(Math.max(crop.x, x), crop.x + crop.width), y: Math.min(Math.max(crop.y, y), crop.y + crop.height) };
}
