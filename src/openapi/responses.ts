import type { DescribedHeader, DescribedResponse } from './description.ts';
import { readContent } from './content.ts';
import { quoted } from './issue-log.ts';
import { isObject, member, type ObjectSite, own, type Site } from './pointer.ts';
import { objectMember, once, type Reading, resolve, spend } from './reading.ts';
import { readValue } from './value.ts';

/** Reads a Responses Object (OpenAPI 3.0 §4.7.16, 3.1 §4.8.16) of an operation. From 3.1 on it may be left out. */
export function readResponses(reading: Reading, operation: ObjectSite): readonly DescribedResponse[] {
  const map = objectMember(reading, operation, 'responses');
  if (own(operation.value, 'responses') === undefined && reading.specification === '3.0') {
    reading.issues.warn(operation.pointer, 'has no `responses`, so no reply is described');
  }
  if (map === null) return [];
  const responses = new Map<string, DescribedResponse>();
  for (const key of Object.keys(map.value)) {
    if (key.startsWith('x-')) continue;
    if (!spend(reading, 1)) break;
    const site = member(map, key);
    const status = readStatus(reading, site, key);
    if (status !== null && responses.has(status))
      reading.issues.error(site.pointer, `describes ${status} a second time`);
    const response = status === null ? null : readResponse(reading, site);
    if (status !== null && response !== null) responses.set(status, { status, ...response });
  }
  if (Object.keys(map.value).length === 0) reading.issues.warn(map.pointer, 'is empty, so no reply is described');
  return [...responses.values()];
}

function readStatus(reading: Reading, site: Site, key: string): string | null {
  if (key === 'default' || /^[1-5](?:[0-9][0-9]|XX)$/.test(key)) return key;
  if (/^[1-5]xx$/i.test(key)) {
    reading.issues.warn(site.pointer, `${quoted(key)} is read as \`${key.toUpperCase()}\``);
    return key.toUpperCase();
  }
  reading.issues.error(
    site.pointer,
    `${quoted(key)} is no status of a reply`,
    'write a status such as `200`, a range such as `4XX`, or `default`',
  );
  return null;
}

function readResponse(reading: Reading, site: Site): Omit<DescribedResponse, 'status'> | null {
  const response = resolve(reading, site, 'responses');
  if (response === null) return null;
  return once(reading.read.responses, response.value, () => {
    const content = objectMember(reading, response, 'content');
    return {
      pointer: response.pointer,
      headers: readHeaders(reading, response),
      content: content === null ? [] : readContent(reading, content),
    };
  });
}

/** `x-…` is a header's name here: only what can be no Header Object is taken for an extension. */
function readHeaders(reading: Reading, response: ObjectSite): readonly DescribedHeader[] {
  const map = objectMember(reading, response, 'headers');
  if (map === null) return [];
  const headers = new Map<string, DescribedHeader>();
  for (const name of Object.keys(map.value)) {
    const site = member(map, name);
    if (!spend(reading, 1)) break;
    const lower = name.toLowerCase();
    if (lower === 'content-type' || (name.startsWith('x-') && !isObject(site.value))) continue;
    if (headers.has(lower)) reading.issues.error(site.pointer, `describes the header ${quoted(name)} a second time`);
    const header = resolve(reading, site, 'headers');
    if (header === null) continue;
    const value = once(reading.read.headers, header.value, () => readValue(reading, header, ['simple']));
    headers.set(lower, { name, ...value });
  }
  return [...headers.values()];
}
