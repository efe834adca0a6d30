import type { Fields } from './types.ts';

/** What the extensions of files that are made to be stored stand for: types, or the beginnings of types. */
const TYPES_OF: ReadonlyMap<string, readonly string[]> = new Map([
  ['css', ['text/css']],
  ['js', ['text/javascript', 'application/javascript', 'application/x-javascript', 'text/ecmascript']],
  ['mjs', ['text/javascript', 'application/javascript']],
  ['map', ['application/json', 'text/plain', 'application/octet-stream']],
  ['png', ['image/']],
  ['jpg', ['image/']],
  ['jpeg', ['image/']],
  ['gif', ['image/']],
  ['webp', ['image/']],
  ['avif', ['image/']],
  ['bmp', ['image/']],
  ['ico', ['image/']],
  ['svg', ['image/']],
  ['woff', ['font/', 'application/font', 'application/x-font', 'application/octet-stream']],
  ['woff2', ['font/', 'application/font', 'application/x-font', 'application/octet-stream']],
  ['ttf', ['font/', 'application/font', 'application/x-font', 'application/octet-stream']],
  ['otf', ['font/', 'application/font', 'application/x-font', 'application/octet-stream']],
  ['pdf', ['application/pdf', 'application/octet-stream']],
  ['mp3', ['audio/', 'application/octet-stream']],
  ['mp4', ['video/', 'audio/', 'application/octet-stream']],
  ['webm', ['video/', 'audio/', 'application/octet-stream']],
  ['zip', ['application/zip', 'application/x-zip-compressed', 'application/octet-stream']],
  ['gz', ['application/gzip', 'application/x-gzip', 'application/octet-stream']],
]);

/**
 * Whether the last segment of a path looks like a file of another type than the reply's. That is how an upstream answers
 * which reads `/account/x.css` as `/account`, and whoever sent somebody there wants it stored.
 */
export function contradictsPath(path: string, status: number, fields: Fields): boolean {
  if (status >= 300) return false;
  const extension = /\.([a-z0-9]{1,5})$/i.exec(path)?.[1]?.toLowerCase();
  const types = extension === undefined ? undefined : TYPES_OF.get(extension);
  if (types === undefined) return false;
  const type = (fields.get('content-type') ?? '').toLowerCase();
  return !types.some((wanted) => type.startsWith(wanted));
}
