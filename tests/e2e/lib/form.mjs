// Multipart forms written by hand, so that every odd one can be written.

const BOUNDARY = '----tidings-e2e-boundary';

/** Parts: `{ name, filename?, type?, body, headers? }`. `whole: false` leaves out everything after the last body. */
export function form(parts, { whole = true } = {}) {
  const pieces = [];
  parts.forEach((part, index) => {
    const filename = part.filename === undefined ? '' : `; filename="${part.filename}"`;
    const type = part.type === undefined ? '' : `\r\nContent-Type: ${part.type}`;
    const before = index === 0 ? '' : '\r\n';
    pieces.push(Buffer.from(`${before}--${BOUNDARY}\r\nContent-Disposition: form-data; name="${part.name}"${filename}${type}\r\n\r\n`));
    pieces.push(Buffer.from(part.body));
  });
  if (whole) pieces.push(Buffer.from(`${parts.length > 0 ? '\r\n' : ''}--${BOUNDARY}--\r\n`));
  return { type: `multipart/form-data; boundary=${BOUNDARY}`, body: Buffer.concat(pieces) };
}

export const text = (name, body) => ({ name, body });
export const file = (body, name = 'attachment') => ({ name, filename: 'blob', type: 'application/octet-stream', body });
