/** Names that browsers, systems and libraries have for a media type, behind the one that is registered or most in use. */
const ROWS: readonly (readonly [usual: string, others: string])[] = [
  ['image/jpeg', 'image/jpg image/pjpeg'],
  ['image/png', 'image/x-png'],
  ['image/bmp', 'image/x-ms-bmp image/x-bmp'],
  ['image/vnd.microsoft.icon', 'image/x-icon'],
  ['image/vnd.adobe.photoshop', 'image/x-photoshop'],
  ['application/zip', 'application/x-zip-compressed application/x-zip'],
  ['application/gzip', 'application/x-gzip application/x-tgz'],
  ['application/x-bzip2', 'application/bzip2'],
  ['application/vnd.rar', 'application/x-rar-compressed application/x-rar'],
  ['application/vnd.sqlite3', 'application/x-sqlite3'],
  ['application/vnd.debian.binary-package', 'application/x-debian-package'],
  ['application/pdf', 'application/x-pdf'],
  ['application/rtf', 'text/rtf application/x-rtf'],
  ['application/xml', 'text/xml'],
  ['text/javascript', 'application/javascript application/x-javascript'],
  ['audio/mpeg', 'audio/mp3 audio/x-mp3'],
  ['audio/mp4', 'audio/x-m4a audio/m4a'],
  ['audio/wav', 'audio/wave audio/x-wav audio/vnd.wave'],
  ['audio/aac', 'audio/aacp'],
  ['audio/aiff', 'audio/x-aiff'],
  ['audio/flac', 'audio/x-flac'],
  ['audio/midi', 'audio/x-midi'],
  ['video/mp4', 'video/x-m4v'],
  ['video/x-msvideo', 'video/vnd.avi video/avi video/msvideo'],
  ['video/x-matroska', 'video/matroska'],
  ['font/woff', 'application/font-woff'],
];

const USUAL: ReadonlyMap<string, string> = new Map(
  ROWS.flatMap(([usual, others]) => others.split(' ').map((other) => [other, usual] as const)),
);

/** The one name of a media type that has several: Windows, say, calls a ZIP archive `application/x-zip-compressed`. */
export function usualType(essence: string): string {
  return USUAL.get(essence) ?? essence;
}
