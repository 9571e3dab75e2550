/** The picture itself: drawn on with a finger, pen or mouse; texts on it are moved with these or with the arrow keys. */
import type { Signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { t } from '../../i18n';
import { between, framed, sizeOf, unseen, withLabel, withStroke, withoutLabel, type Edited, type Label, type Point, type Stroke } from './model';
import { boxOf, paint } from './paint';
import { widthOf, type Tools } from './tools';

/** How far an arrow key moves something, as a part of the picture's longer side. */
const STEP = 1 / 60;

export function Stage({ picture, edited, change, tools }: {
  readonly picture: ImageBitmap;
  readonly edited: Edited;
  readonly change: (next: Edited) => void;
  readonly tools: Signal<Tools>;
}) {
  const [place, canvas] = [useRef<HTMLDivElement>(null), useRef<HTMLCanvasElement>(null)];
  const scale = useScale(place.current, sizeOf(edited));
  const drawing = useRef<{ stroke: Stroke | null; from: Point } | null>(null);
  const [width, height] = sizeOf(edited);
  const repaint = () => {
    const context = canvas.current?.getContext('2d');
    if (context == null) return;
    const stroke = drawing.current?.stroke ?? null;
    paint(context, picture, stroke === null ? edited : withStroke(edited, stroke));
  };
  useLayoutEffect(repaint);
  const [, ready] = useState(false);
  useEffect(() => { ready(true); }, []);
  const at = (event: PointerEvent): Point => {
    const box = canvas.current?.getBoundingClientRect();
    return { x: (event.clientX - (box?.left ?? 0)) / scale, y: (event.clientY - (box?.top ?? 0)) / scale };
  };
  const begin = (event: PointerEvent) => {
    if (event.button !== 0 || tools.value.mode === 'text') return;
    canvas.current?.setPointerCapture(event.pointerId);
    const { mode, colour, broad } = tools.value;
    const stroke = mode === 'draw' ? { colour, width: widthOf(edited, broad), points: [unseen(edited, at(event))] } : null;
    drawing.current = { stroke, from: at(event) };
    repaint();
  };
  const go = (event: PointerEvent) => {
    const now = drawing.current;
    if (now === null) return;
    if (now.stroke === null) {
      tools.value = { ...tools.value, frame: framed(between(now.from, at(event)), sizeOf(edited)) };
      return;
    }
    const all = event.getCoalescedEvents?.() ?? [];
    const points = (all.length > 0 ? all : [event]).map((one) => unseen(edited, at(one)));
    drawing.current = { ...now, stroke: { ...now.stroke, points: [...now.stroke.points, ...points] } };
    repaint();
  };
  const end = () => {
    const stroke = drawing.current?.stroke ?? null;
    drawing.current = null;
    if (stroke !== null) change(withStroke(edited, stroke));
  };
  return (
    <div class="stage" ref={place}>
      <div class="canvas" style={{ width: `${width * scale}px`, height: `${height * scale}px` }}>
        <canvas ref={canvas} width={width} height={height} role="img" aria-label={t.value.picture.canvas} onPointerDown={begin} onPointerMove={go} onPointerUp={end} onPointerCancel={() => { drawing.current = null; repaint(); }} />
        {tools.value.mode === 'text' && edited.labels.map((label) => <Handle key={label.id} label={label} edited={edited} change={change} tools={tools} scale={scale} canvas={canvas.current} />)}
        {tools.value.mode === 'crop' && <Frame edited={edited} tools={tools} scale={scale} />}
      </div>
    </div>
  );
}

/** What can be grasped of a text. */
function Handle({ label, edited, change, tools, scale, canvas }: {
  readonly label: Label;
  readonly edited: Edited;
  readonly change: (next: Edited) => void;
  readonly tools: Signal<Tools>;
  readonly scale: number;
  readonly canvas: HTMLCanvasElement | null;
}) {
  const from = useRef<Point | null>(null);
  const context = canvas?.getContext('2d');
  if (context == null) return null;
  const { middle, width, height } = boxOf(context, edited, label);
  const move = (x: number, y: number) => { change(withLabel(edited, { ...label, at: unseen(edited, { x: middle.x + x, y: middle.y + y }) })); };
  const key = (event: KeyboardEvent) => {
    const step = arrow(event, edited);
    if (step !== null) move(step.x, step.y);
    else if (event.key === 'Delete' || event.key === 'Backspace') change(withoutLabel(edited, label.id));
    else return;
    event.preventDefault();
  };
  const style = { left: `${(middle.x - width / 2) * scale}px`, top: `${(middle.y - height / 2) * scale}px`, width: `${width * scale}px`, height: `${height * scale}px` };
  return (
    <button
      type="button"
      class="handle"
      style={style}
      aria-label={t.value.picture.onPicture(label.text)}
      onFocus={() => { tools.value = { ...tools.value, label: label.id }; }}
      onKeyDown={key}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { x: event.clientX, y: event.clientY };
      }}
      onPointerMove={(event) => {
        if (from.current === null) return;
        move((event.clientX - from.current.x) / scale, (event.clientY - from.current.y) / scale);
        from.current = { x: event.clientX, y: event.clientY };
      }}
      onPointerUp={() => { from.current = null; }}
      onPointerCancel={() => { from.current = null; }}
    />
  );
}

/** The part that cropping leaves. */
function Frame({ edited, tools, scale }: { readonly edited: Edited; readonly tools: Signal<Tools>; readonly scale: number }) {
  const { frame } = tools.value;
  if (frame === null) return null;
  const key = (event: KeyboardEvent) => {
    const step = arrow(event, edited);
    if (step === null) return;
    event.preventDefault();
    const next = event.shiftKey ? { ...frame, width: frame.width + step.x, height: frame.height + step.y } : { ...frame, x: frame.x + step.x, y: frame.y + step.y };
    tools.value = { ...tools.value, frame: framed(next, sizeOf(edited)) };
  };
  const style = { left: `${frame.x * scale}px`, top: `${frame.y * scale}px`, width: `${frame.width * scale}px`, height: `${frame.height * scale}px` };
  return <button type="button" class="frame" style={style} aria-label={t.value.picture.frame} onKeyDown={key} />;
}

function arrow(event: KeyboardEvent, edited: Edited): Point | null {
  const step = Math.max(...sizeOf(edited)) * STEP;
  const ways: Record<string, Point> = { ArrowLeft: { x: -step, y: 0 }, ArrowRight: { x: step, y: 0 }, ArrowUp: { x: 0, y: -step }, ArrowDown: { x: 0, y: step } };
  return ways[event.key] ?? null;
}

/** How large a pixel of the picture is on the screen, so that all of it is seen. */
function useScale(place: HTMLElement | null, [width, height]: [number, number]): number {
  const [room, resized] = useState<[number, number]>([0, 0]);
  useLayoutEffect(() => {
    if (place === null) return undefined;
    const observer = new ResizeObserver(() => { resized([place.clientWidth, place.clientHeight]); });
    observer.observe(place);
    return () => { observer.disconnect(); };
  }, [place]);
  return Math.max(0.01, Math.min(1, room[0] / width, room[1] / height));
}
