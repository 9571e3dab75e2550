/** Line icons, drawn for this app; decoration only: whoever uses one gives its name in words. */
const paths = {
  back: 'M15 5l-7 7 7 7',
  send: 'M4 12l16-8-6 16-3-7z',
  minus: 'M5 12h14',
  save: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  share: 'M12 15V4M8 8l4-4 4 4M6 12v8h12v-8',
  plus: 'M12 5v14M5 12h14',
  gear: 'M12 9a3 3 0 100 6 3 3 0 000-6zM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1M18.4 5.6l-2.1 2.1M7.7 16.3l-2.1 2.1',
  clip: 'M8 12l6-6a3 3 0 014 4l-8 8a5 5 0 01-7-7l8-8',
  close: 'M6 6l12 12M18 6L6 18',
  reply: 'M9 7l-5 5 5 5M4 12h9a7 7 0 017 7',
  search: 'M11 4a7 7 0 100 14 7 7 0 000-14zM16 16l4 4',
  down: 'M6 9l6 6 6-6',
  check: 'M5 12l5 5 9-10',
  checks: 'M2 12l5 5 9-10M12 17l9-10',
  clock: 'M12 4a8 8 0 100 16 8 8 0 000-16zM12 8v4l3 2',
  hourglass: 'M7 3h10M7 21h10M8 3v4l4 5-4 5v4M16 3v4l-4 5 4 5v4',
  alert: 'M12 4l9 16H3zM12 10v4M12 17v.5',
  shield: 'M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6z',
  eye: 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 9a3 3 0 100 6 3 3 0 000-6z',
  file: 'M6 3h8l5 5v13H6zM14 3v5h5',
  people: 'M9 5a3.5 3.5 0 100 7 3.5 3.5 0 000-7zM2 20c0-4 3-6 7-6s7 2 7 6M16 5a3.5 3.5 0 010 7M18 14c3 1 4 3 4 6',
  scan: 'M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M8 12h8',
  hash: 'M9 4L7 20M17 4l-2 16M4 9h16M3 15h16',
  door: 'M6 21V4h12v17M3 21h18M14 12v1',
  pen: 'M4 20l1-4L16 5l3 3L8 19zM14 7l3 3',
  letter: 'M5 6V4h14v2M12 4v16M9 20h6',
  crop: 'M7 2v15h15M2 7h15v15',
  turn: 'M19 12a7 7 0 11-2-5l2 2M19 4v5h-5',
  undo: 'M8 5L4 9l4 4M4 9h10a5 5 0 010 10h-3',
  camera: 'M3 8h4l2-3h6l2 3h4v11H3zM12 10a3.5 3.5 0 100 7 3.5 3.5 0 000-7z',
  mic: 'M12 3a3 3 0 00-3 3v5a3 3 0 006 0V6a3 3 0 00-3-3zM6 11a6 6 0 0012 0M12 17v4',
  stop: 'M7 7h10v10H7z',
  play: 'M8 5l11 7-11 7z',
  pause: 'M8 5v14M16 5v14',
  bin: 'M5 7h14M10 4h4M7 7l1 13h8l1-13',
  dots: 'M12 5v.5M12 12v.5M12 19v.5',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, flip = false }: { readonly name: IconName; readonly flip?: boolean }) {
  return (
    <svg class={flip ? 'icon flips' : 'icon'} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
