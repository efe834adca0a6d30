/** Why what was sent has no reading, or more than one; the words repeat nothing that was sent. */
export class Unreadable {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** A single value was sent several times; servers take the first, the last or all of them. */
export const SENT_TWICE = new Unreadable('is sent more than once');
/** An object has a key twice. */
export const KEY_TWICE = new Unreadable('names a property more than once');
/** A percent sign without two hexadecimal digits, bytes that are not UTF-8, or NUL. */
export const BAD_ENCODING = new Unreadable('is not percent-encoded UTF-8');
/** The text does not have the form of its style. */
export const BAD_STYLE = new Unreadable('is not written in the style that is described');
/** An empty text for a list or an object: no part, or one empty part. */
export const EMPTY_LIST = new Unreadable('is empty, which has two meanings');
/** The text is not JSON. */
export const NOT_JSON = new Unreadable('is not well-formed JSON');
/** A part of a form is called XML and is none. */
export const NOT_XML = new Unreadable('is not XML that can be read in one way');
/** A part of a form is called something else than its description has. */
export const OTHER_TYPE = new Unreadable('is of a content type that is not described');
/** A part that is to be text is none. */
export const NOT_TEXT = new Unreadable('is not text in UTF-8');
/** A part has a header field that nothing describes. */
export const OTHER_HEADER = new Unreadable('has a header field that is not described');
/** What is described can't be read by the gateway, so it can't be judged. */
export const NOT_SUPPORTED = new Unreadable('is described in a way the gateway cannot read');

/** What a reader of text yields: a value, undefined where nothing was sent, or why there is none. */
export type Reading = unknown;
