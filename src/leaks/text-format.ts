import type { Escaping } from './escapes.ts';

/** How a body is looked into; null where it is none of text. */
export interface TextFormat {
  readonly isJson: boolean;
  readonly escaping: Escaping;
  /** Whether its characters of ASCII are bytes of ASCII. */
  readonly isReadable: boolean;
}

const TYPE = /^\s{0,8}([^\s/;,]{1,100})\/([^\s;,]{1,200})/;
const CHARSET = /;[ \t]{0,8}charset[ \t]{0,8}=[ \t]{0,8}"?([^\s";]{1,40})/i;

/** What holds no text that anybody could read as it is. */
const BINARY_TYPE = /^(?:image|audio|video|font|model)$/;
const BINARY_SUBTYPE =
  /^(?:octet-stream|pdf|zip|gzip|wasm|zlib|zstd|cbor|msgpack|protobuf|java-archive|avro|parquet|x-protobuf|x-msgpack|x-tar|x-gzip|x-bzip2?|x-xz|x-7z-compressed|x-rar-compressed|x-java-archive|vnd\.google\.protobuf|vnd\.apache\..{1,80}|vnd\.ms-.{1,80}|vnd\.openxmlformats-.{1,120}|vnd\.oasis\..{1,120}|grpc(?:-web)?(?:\+proto)?|x-binary|pkcs7-.{1,40}|pkcs8|pkcs10|x-x509-.{1,40}|ocsp-.{1,20}|pkix-.{1,20})$/;
const BINARY_SUFFIX = /\+(?:zip|gzip|zstd|cbor|cbor-seq|ber|der|wbxml|fastinfoset|protobuf|sqlite3)$/;
const JSON_TYPE = /^(?:json|x-json|[^+]{1,150}\+json)$/;
const MARKUP = /^(?:html|xml|[^+]{1,150}\+xml|xml-external-parsed-entity|xml-dtd)$/;

/** Those that keep ASCII as it is. */
const LIKE_ASCII =
  /^(?:utf-?8|us-ascii|ascii|iso-?8859-[0-9]{1,2}|iso_8859-1|latin-?1|windows-?[0-9]{3,4}|cp125[0-9]|koi8-[ru]|macintosh|euc-(?:jp|kr|tw)|gb2312|gbk|gb18030|big5(?:-hkscs)?|shift[_-]jis|sjis|tis-620)$/i;

/** Null where the type says that a body is no text. Where it says nothing, or nothing clear, the body is text. */
export function textFormatOf(contentType: string | null): TextFormat | null {
  const [, type = '', subtype = ''] = TYPE.exec((contentType ?? '').toLowerCase()) ?? [];
  if (BINARY_TYPE.test(type) && subtype !== 'svg+xml') return null;
  if (type === 'application' && (BINARY_SUBTYPE.test(subtype) || BINARY_SUFFIX.test(subtype))) return null;
  const charset = CHARSET.exec(contentType ?? '')?.[1];
  const isReadable = charset === undefined || LIKE_ASCII.test(charset);
  if (JSON_TYPE.test(subtype)) return { isJson: true, escaping: 'backslash', isReadable };
  if (MARKUP.test(subtype)) return { isJson: false, escaping: 'entity', isReadable };
  if (subtype === 'x-www-form-urlencoded') return { isJson: false, escaping: 'form', isReadable };
  return { isJson: false, escaping: 'backslash', isReadable };
}

/** Whether a text begins as those of UTF-16 and UTF-32 do, whatever its type says: with their marks, or with bytes of zero. */
export function isWideText(bytes: Uint8Array): boolean {
  const [first, second, third, fourth] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  return first === 0 || second === 0 || third === 0 || fourth === 0;
}
