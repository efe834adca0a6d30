import { err, ok, type Result } from '../base/index.ts';
import { parsed } from './scalars.ts';
import { words } from './words.ts';

/** The name of a header field that a request may have, in lower case. */
export function headerName(description: string) {
  return parsed(readHeaderName).meta({ title: 'header field', description });
}

/** Names are tokens (RFC 9110 §5.6.2); one with `_` never gets through the gateway's reading. */
function readHeaderName(value: string): Result<string, string> {
  return /^[!#$%&'*+\-.^`|~0-9A-Za-z]{1,128}$/.test(value)
    ? ok(value.toLowerCase())
    : err(words('this is no name of a header field', 'such as X-Session; one with `_` is refused'));
}
