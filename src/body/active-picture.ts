// What an SVG picture runs where it is opened by itself, or is put into a page: script, handlers of events, pages inside,
// styles, entities and grammars from elsewhere or that hide what is meant (SVG 2 §2.2, §15), attributes that a document type gives
// (XML 1.0 §3.3.2); and what servers run, PHP.
const SCRIPT = /<(?:[^\s<>/=:]+:)?(?:script|foreignobject|iframe|embed|object|handler)[\s/>]/i;
const HANDLER = /[\s"'/]on[a-z]{2,40}[\t\n\f\r ]*=/i;
const HIDING = /<!(?:entity|attlist)|<\?(?:xml-stylesheet|php)/i;
/**
 * Document types whose grammar, which who converts pictures may load, is the W3C's or lies beside the picture, or that name
 * none (XML 1.0 §2.8). No part takes what begins the next, so that many of them take linear time.
 */
const TYPE = /<!doctype/gi;
const OWN_GRAMMAR =
  /[\t\n\r ]{1,80}[^\t\n\r <>["']{1,80}[\t\n\r ]{0,80}(?:(?:system|public[\t\n\r ]{1,80}(?:"[^"<]{0,200}"|'[^'<]{0,200}'))[\t\n\r ]{1,80}(?:"(?:https?:\/\/www\.w3\.org\/[^"<]{0,200}|(?!\/\/)[^"<:\\]{0,200})"|'(?:https?:\/\/www\.w3\.org\/[^'<]{0,200}|(?!\/\/)[^'<:\\]{0,200})'))?[\t\n\r ]{0,80}[>[]/iy;
const ADDRESS = /[\s"'/:](?:href|src|action|formaction|to|from|by|(values))[\t\n\f\r ]*=[\t\n\f\r ]*/gi;
const TAB = 0x09;
const RETURN = 0x0d;
const BLANK = 0x20;
const QUOTE = 0x22;
const AMPERSAND = 0x26;
const APOSTROPHE = 0x27;
const COLON = 0x3a;
const LESS = 0x3c;
const MORE = 0x3e;
/**
 * A place in the picture or on the web, a picture in data, or no address at all: without a colon there is no scheme. Blanks
 * are taken by one part each: taken by two, many of them would be gone over from each of them.
 */
const HARMLESS = /^(?:[\t\n\r ]*(?:#|https?:|data:image\/(?!svg)[a-z0-9.+-]{1,80}(?:[;,]|$))|[^:&]*(?:[/?#]|$))/i;

/** Whether an SVG picture holds what browsers run. What only might, since it is written in a hidden way, counts too. */
export function hasActiveContent(text: string): boolean {
  if (SCRIPT.test(text) || HANDLER.test(text) || HIDING.test(text) || hasForeignGrammar(text)) return true;
  ADDRESS.lastIndex = 0;
  for (let found = ADDRESS.exec(text); found !== null; found = ADDRESS.exec(text)) {
    const value = valueAt(text, ADDRESS.lastIndex);
    if (value.mayLead && leadsElsewhere(text.slice(value.start, value.end), found[1] !== undefined)) return true;
    // It may stand in a comment or in text and only look like one that reaches over the next, so what is inside counts too.
    ADDRESS.lastIndex = value.next;
  }
  return false;
}

function hasForeignGrammar(text: string): boolean {
  TYPE.lastIndex = 0;
  while (TYPE.test(text)) {
    OWN_GRAMMAR.lastIndex = TYPE.lastIndex;
    if (!OWN_GRAMMAR.test(text)) return true;
  }
  return false;
}

/**
 * Where the value of an attribute is, whether it has what no address without a scheme does, and from where on others are
 * looked for. Those in quotation marks of one kind share no byte, nor do those without, so that all takes linear time.
 */
interface Value {
  readonly start: number;
  readonly end: number;
  readonly mayLead: boolean;
  readonly next: number;
}

/** One whose quotation marks are never closed is none: what follows is looked at by itself. */
function valueAt(text: string, at: number): Value {
  const mark = text.charCodeAt(at);
  const isQuoted = mark === QUOTE || mark === APOSTROPHE;
  const start = isQuoted ? at + 1 : at;
  let mayLead = false;
  let end = start;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (isQuoted ? code === mark : endsBare(code)) break;
    mayLead ||= code === COLON || code === AMPERSAND;
  }
  // That can be but once for each of both marks, so that looking for their ends takes linear time over all.
  if (isQuoted && end === text.length) return { start: at, end: at, mayLead: false, next: at };
  return { start, end, mayLead, next: isQuoted ? at : end };
}

/** Behind a quotation mark or a tag, too, no scheme goes on. */
function endsBare(code: number): boolean {
  const isMark = code === QUOTE || code === APOSTROPHE || code === LESS || code === MORE;
  return isMark || code === BLANK || (code >= TAB && code <= RETURN);
}

function leadsElsewhere(value: string, isSeveral: boolean): boolean {
  if (!isSeveral) return !HARMLESS.test(value);
  for (let at = 0; at <= value.length; ) {
    const next = value.indexOf(';', at);
    const end = next < 0 ? value.length : next;
    if (!HARMLESS.test(value.slice(at, end))) return true;
    at = end + 1;
  }
  return false;
}
