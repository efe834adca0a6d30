/** How the bytes of a format begin: one of several ways, each a list of pieces that must all be there. */
export type Signature = readonly (readonly Piece[])[];

/** Bytes that stand at an offset; with a mask only the bits of it count. */
export interface Piece {
  readonly at: number;
  readonly bytes: readonly number[];
  readonly mask?: readonly number[];
}

/**
 * How the formats begin that have a fixed beginning, by media type (WHATWG MIME Sniffing §6, RFC 9649 for WebP, and the
 * specification of each). A type that is not here says nothing that could be looked for.
 */
export const SIGNATURES: ReadonlyMap<string, Signature> = tableOf([
  [['image/png', 'image/apng', 'image/x-png'], begins('\x89PNG\r\n\x1a\n')],
  [['image/jpeg', 'image/jpg', 'image/pjpeg'], begins('\xff\xd8\xff')],
  [['image/gif'], begins('GIF87a', 'GIF89a')],
  [['image/webp'], chunked('RIFF', 'WEBP')],
  [['image/bmp', 'image/x-ms-bmp', 'image/x-bmp'], begins('BM')],
  [['image/tiff'], begins('II*\0', 'MM\0*', 'II+\0', 'MM\0+')],
  [['image/vnd.microsoft.icon', 'image/x-icon'], begins('\0\0\x01\0', '\0\0\x02\0')],
  [['image/avif', 'image/avif-sequence'], brands('avif', 'avis', 'mif1', 'msf1', 'miaf')],
  [
    ['image/heic', 'image/heif', 'image/heic-sequence', 'image/heif-sequence'],
    brands('heic', 'heix', 'hevc', 'hevx', 'heim', 'heis', 'mif1', 'msf1'),
  ],
  [['image/jxl'], begins('\xff\x0a', '\0\0\0\x0cJXL \r\n\x87\n')],
  [['image/jp2', 'image/jpx', 'image/jpm'], begins('\0\0\0\x0cjP  \r\n\x87\n')],
  [['image/vnd.adobe.photoshop', 'image/x-photoshop'], begins('8BPS')],
  [['application/pdf'], begins('%PDF-')],
  [['application/postscript'], begins('%!PS')],
  [['application/rtf'], begins('{\\rtf')],
  [
    ['application/zip', 'application/x-zip-compressed', 'application/epub+zip', 'application/java-archive'],
    begins('PK\x03\x04', 'PK\x05\x06'),
  ],
  [['application/vnd.android.package-archive', 'application/vnd.apple.pages'], begins('PK\x03\x04')],
  [['application/gzip', 'application/x-gzip', 'application/x-tgz'], begins('\x1f\x8b\x08')],
  [['application/zstd'], begins('\x28\xb5\x2f\xfd')],
  [['application/x-bzip2', 'application/bzip2'], begins('BZh')],
  [['application/x-xz'], begins('\xfd7zXZ\0')],
  [['application/x-7z-compressed'], begins('7z\xbc\xaf\x27\x1c')],
  [['application/vnd.rar', 'application/x-rar-compressed'], begins('Rar!\x1a\x07')],
  [['application/x-tar'], [[piece(257, 'ustar')]]],
  [
    ['application/msword', 'application/vnd.ms-excel', 'application/vnd.ms-powerpoint', 'application/vnd.ms-outlook'],
    begins('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'),
  ],
  [['application/wasm'], begins('\0asm')],
  [['application/vnd.sqlite3', 'application/x-sqlite3'], begins('SQLite format 3\0')],
  [['application/vnd.apache.parquet'], begins('PAR1')],
  [['application/vnd.apache.arrow.file'], begins('ARROW1')],
  [
    ['audio/mpeg', 'audio/mp3', 'audio/x-mp3'],
    [[piece(0, 'ID3')], [frame(0xff, 0xe2, 0xe2)], [frame(0xff, 0xe4, 0xe4)]],
  ],
  [
    ['audio/aac', 'audio/aacp'],
    [[frame(0xff, 0xf0, 0xf6)], [piece(0, 'ADIF')]],
  ],
  [
    ['audio/wav', 'audio/wave', 'audio/x-wav', 'audio/vnd.wave'],
    [...chunked('RIFF', 'WAVE'), ...chunked('RF64', 'WAVE')],
  ],
  [
    ['audio/aiff', 'audio/x-aiff'],
    [...chunked('FORM', 'AIFF'), ...chunked('FORM', 'AIFC')],
  ],
  [['audio/ogg', 'video/ogg', 'application/ogg', 'audio/opus'], begins('OggS')],
  [['audio/flac', 'audio/x-flac'], begins('fLaC')],
  [['audio/midi', 'audio/x-midi'], begins('MThd')],
  [
    ['video/mp4', 'audio/mp4', 'audio/x-m4a', 'video/x-m4v', 'video/3gpp', 'audio/3gpp', 'video/3gpp2'],
    [[piece(4, 'ftyp')]],
  ],
  [['video/quicktime'], ['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip', 'pnot'].map((name) => [piece(4, name)])],
  [['video/webm', 'audio/webm', 'video/matroska', 'audio/matroska', 'video/x-matroska'], begins('\x1aE\xdf\xa3')],
  [['video/mpeg'], begins('\0\0\x01\xba', '\0\0\x01\xb3')],
  [['video/x-msvideo', 'video/vnd.avi'], chunked('RIFF', 'AVI ')],
  [['video/x-flv'], begins('FLV\x01')],
  [['font/woff', 'application/font-woff'], begins('wOFF')],
  [['font/woff2'], begins('wOF2')],
  [['font/otf'], begins('OTTO', '\0\x01\0\0')],
  [['font/ttf', 'font/sfnt'], begins('\0\x01\0\0', 'true', 'OTTO')],
  [['font/collection'], begins('ttcf')],
  [['application/vnd.ms-cab-compressed'], begins('MSCF\0\0\0\0')],
  [['application/vnd.debian.binary-package', 'application/x-debian-package'], begins('!<arch>\n')],
  [['application/x-rpm'], begins('\xed\xab\xee\xdb')],
  [['application/x-cpio'], begins('070701', '070702', '070707')],
  [['application/x-lz4'], begins('\x04\x22\x4d\x18')],
  [['application/x-lzip', 'application/lzip'], begins('LZIP\x01')],
  [['application/x-compress'], begins('\x1f\x9d')],
  [['image/vnd.djvu'], begins('AT&TFORM')],
  [['image/x-xcf'], begins('gimp xcf ')],
  [['image/vnd.dwg', 'application/acad'], begins('AC10')],
  [['application/vnd.apache.avro'], begins('Obj\x01')],
  [['application/x-mobipocket-ebook'], [[piece(60, 'BOOKMOBI')]]],
  [['model/gltf-binary'], begins('glTF')],
  [['application/dicom'], [[piece(128, 'DICM')]]],
  [
    ['application/vnd.tcpdump.pcap'],
    begins('\xa1\xb2\xc3\xd4', '\xd4\xc3\xb2\xa1', '\xa1\xb2\x3c\x4d', '\x4d\x3c\xb2\xa1'),
  ],
  [['application/x-hdf5'], begins('\x89HDF\r\n\x1a\n')],
  [['audio/amr', 'audio/amr-wb'], begins('#!AMR\n', '#!AMR-WB\n')],
  [['video/x-ms-asf', 'video/x-ms-wmv', 'audio/x-ms-wma'], begins('\x30\x26\xb2\x75\x8e\x66\xcf\x11')],
]);

/** The types whose signature these bytes have. */
export function typesOf(bytes: Uint8Array): readonly string[] {
  const types: string[] = [];
  for (const [type, signature] of SIGNATURES) if (hasSignature(signature, bytes)) types.push(type);
  return types;
}

/** Types whose bytes are a ZIP archive, by what they begin with or end on. */
export const ARCHIVE: Signature = begins('PK\x03\x04');

/** Whether the bytes begin as one of the ways says. */
export function hasSignature(signature: Signature, bytes: Uint8Array): boolean {
  return signature.some((pieces) => pieces.every((one) => isThere(one, bytes)));
}

function isThere({ at, bytes: wanted, mask }: Piece, bytes: Uint8Array): boolean {
  if (bytes.length < at + wanted.length) return false;
  return wanted.every((byte, index) => (bytes[at + index]! & (mask?.[index] ?? 0xff)) === byte);
}

function tableOf(rows: readonly (readonly [types: readonly string[], signature: Signature])[]): Map<string, Signature> {
  return new Map(rows.flatMap(([types, signature]) => types.map((type) => [type, signature] as const)));
}

function piece(at: number, latin1: string): Piece {
  return { at, bytes: Array.from(latin1, (character) => character.charCodeAt(0)) };
}

function begins(...texts: readonly string[]): Signature {
  return texts.map((text) => [piece(0, text)]);
}

/** Eight bytes of name and length, then the name of what is inside (RIFF, IFF). */
function chunked(outer: string, inner: string): Signature {
  return [[piece(0, outer), piece(8, inner)]];
}

/** ISO base media files (ISO/IEC 14496-12) of a major brand. */
function brands(...names: readonly string[]): Signature {
  return names.map((name) => [piece(4, 'ftyp'), piece(8, name)]);
}

/** Two bytes of which the second counts by its mask. */
function frame(first: number, second: number, mask: number): Piece {
  return { at: 0, bytes: [first, second], mask: [0xff, mask] };
}
