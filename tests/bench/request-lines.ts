import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';

/** A request of a load. What is empty is not sent; with a body it is a POST, else a GET. */
export interface RequestLine {
  readonly path: string;
  readonly token?: string;
  /** JSON in one line; where there is a `type`, the path of a file that holds the body. */
  readonly body?: string;
  /** Whom it is forwarded for. */
  readonly client?: string;
  /** What the body is, where it is not JSON in one line. */
  readonly type?: string;
}

/** A request as it goes out, without the fields of its connection. */
export interface LoadRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** Writes a file of requests for the load generators, each a line with tabs between its words; what comes last is left out if it is empty. */
export async function writeRequests(file: string, lines: readonly RequestLine[]): Promise<void> {
  await writeFile(file, lines.map((line) => `${wordsOf(line).join('\t')}\n`).join(''));
}

function wordsOf({ path, token = '', body = '', client = '', type = '' }: RequestLine): readonly string[] {
  const words = [path, token, body, client, type];
  // Behind the path there is always a tab, and behind what is sent nothing else.
  return words.slice(0, Math.max(2, words.findLastIndex((word) => word !== '') + 1));
}

/** Reads the requests of a file, with the bodies that it names. */
export function readRequests(file: string): readonly LoadRequest[] {
  return readFileSync(file, 'utf8').trimEnd().split('\n').map(requestOf);
}

function requestOf(line: string): LoadRequest {
  const [path = '/', token = '', body = '', client = '', type = ''] = line.split('\t');
  const headers = {
    ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    ...(client === '' ? {} : { 'x-forwarded-for': client }),
  };
  if (body === '') return { path, headers };
  const sent = type === '' ? Buffer.from(body) : readFileSync(body);
  return { path, headers: { ...headers, 'content-type': type === '' ? 'application/json' : type }, body: sent };
}
