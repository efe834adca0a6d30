import { isAddress6 } from './format-name.ts';

/** Longer than any URI that software passes on. */
const LENGTH_LIMIT = 65_536;

const UNRESERVED = "A-Za-z0-9._~!$&'()*+,;=\\-";
const BEYOND = '\\u{a0}-\\u{d7ff}\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{ffef}\\u{10000}-\\u{1fffd}\\u{20000}-\\u{dfffd}';
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;

/** The characters each part is made of; percent signs are checked apart. */
interface Grammar {
  readonly user: RegExp;
  readonly host: RegExp;
  readonly path: RegExp;
  readonly query: RegExp;
}

const URI = grammar('');
const IRI = grammar(BEYOND);

/** A URI with a scheme (RFC 3986 §3). */
export function isUri(text: string): boolean {
  return isReference(text, URI, true);
}

/** A URI or a relative reference (RFC 3986 §4.1). */
export function isUriReference(text: string): boolean {
  return isReference(text, URI, false);
}

/** An IRI with a scheme (RFC 3987 §2.2). */
export function isIri(text: string): boolean {
  return isReference(text, IRI, true);
}

/** An IRI or a relative reference (RFC 3987 §2.2). */
export function isIriReference(text: string): boolean {
  return isReference(text, IRI, false);
}

/** A JSON Pointer (RFC 6901 §3). */
export function isJsonPointer(text: string): boolean {
  return (text === '' || text.startsWith('/')) && !/~(?![01])/.test(text);
}

/** A relative JSON Pointer (draft-bhutton-relative-json-pointer-00 §3). */
export function isRelativeJsonPointer(text: string): boolean {
  const digits = /^(?:0|[1-9]\d{0,30})(?:[+-](?:0|[1-9]\d{0,30}))?/.exec(text)?.[0];
  if (digits === undefined) return false;
  const rest = text.slice(digits.length);
  return rest === '#' || isJsonPointer(rest);
}

/** Splits at the delimiters, as RFC 3986 appendix B does, and judges each part by its characters: one look at each. */
function isReference(text: string, { user, host, path, query }: Grammar, absolute: boolean): boolean {
  if (text.length > LENGTH_LIMIT || /%(?![0-9A-Fa-f]{2})/.test(text)) return false;
  const [beforeFragment, fragment] = cut(text, '#');
  const [beforeQuery, search] = cut(beforeFragment, '?');
  if (!query.test(fragment) || !query.test(search)) return false;
  const colon = beforeQuery.indexOf(':');
  const schemed = colon > 0 && !beforeQuery.slice(0, colon).includes('/');
  if (schemed ? !SCHEME.test(beforeQuery.slice(0, colon)) : absolute || colon === 0) return false;
  const hierarchy = schemed ? beforeQuery.slice(colon + 1) : beforeQuery;
  if (!hierarchy.startsWith('//')) return path.test(hierarchy);
  const slash = hierarchy.indexOf('/', 2);
  const authority = slash < 0 ? hierarchy.slice(2) : hierarchy.slice(2, slash);
  return isAuthority(authority, user, host) && (slash < 0 || path.test(hierarchy.slice(slash)));
}

function isAuthority(authority: string, user: RegExp, host: RegExp): boolean {
  const at = authority.indexOf('@');
  if (at >= 0 && !user.test(authority.slice(0, at))) return false;
  const server = authority.slice(at + 1);
  const literal = /^\[([^[\]]*)\](?::\d*)?$/.exec(server)?.[1];
  if (literal !== undefined)
    return isAddress6(literal) || /^[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+$/.test(literal);
  const [name, port] = cut(server, ':');
  return host.test(name) && /^\d*$/.test(port);
}

function cut(text: string, delimiter: string): [before: string, after: string] {
  const at = text.indexOf(delimiter);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function grammar(beyond: string): Grammar {
  const only = (more: string): RegExp => new RegExp(`^[${UNRESERVED}%${more}${beyond}]*$`, 'u');
  // Private characters may stand in the query of an IRI only (RFC 3987 §2.2).
  const hidden = beyond === '' ? '' : '\\u{e000}-\\u{f8ff}\\u{f0000}-\\u{ffffd}\\u{100000}-\\u{10fffd}';
  return { user: only(':'), host: only(''), path: only(':@/'), query: only(`:@/?${hidden}`) };
}

/** A template of URIs (RFC 6570 §2): text that URIs may have, and expressions in braces. */
export function isUriTemplate(text: string): boolean {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return false;
  const [first = '', ...others] = text.split('{');
  return (
    isLiteral(first) &&
    others.every((piece) => {
      const end = piece.indexOf('}');
      return end > 0 && isExpression(piece.slice(0, end)) && isLiteral(piece.slice(end + 1));
    })
  );
}

function isLiteral(text: string): boolean {
  return text.isWellFormed() && !/[\p{Cc} "<>\\^`{|}]/u.test(text);
}

function isExpression(text: string): boolean {
  return text
    .replace(/^[+#./;?&=,!@|]/, '')
    .split(',')
    .every((variable) => VARIABLE.test(variable) && !/^\.|\.\.|\.(?:$|[*:])/.test(variable));
}

const VARIABLE = /^[A-Za-z0-9_.%]+(?:\*|:[1-9][0-9]{0,3})?$/;
