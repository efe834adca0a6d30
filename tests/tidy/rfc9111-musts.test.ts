// What RFC 9111 demands of a shared cache, and by which test each of these holds: one that is lost or renamed is seen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTest, typescriptFiles } from './repository.ts';

/** A MUST or MUST NOT of RFC 9111: its section, what it demands in a few words, and the titles of the tests that hold it. */
type Must = readonly [section: string, demand: string, ...titles: readonly [string, ...(readonly string[])]];

/**
 * Not here is what concerns others: senders of requests (§5.2.1.1 to §5.2.1.3) and of replies (§5.2.2.1, §5.2.2.10, §5.3),
 * registrations (§5.2.4), caches without a clock (§4) or with a coarser one than HTTP-date has (§4.2).
 */
const MUSTS: readonly Must[] = [
  [
    '1.2.2',
    'a number over the largest is the largest',
    'RFC 9111 §1.2.2: a number too large is the largest, and does not overflow',
  ],

  [
    '3',
    'store only for a method that is understood',
    'RFC 9111 §3: a reply must not be stored unless the method of the request is GET',
  ],
  [
    '3',
    'store only a final status, and one that is understood',
    'RFC 9111 §3: a reply must not be stored unless its status is final and its caching understood',
    'RFC 9111 §5.2.2.3: a reply with must-understand is stored for all its no-store, where its status is understood',
  ],
  [
    '3',
    'do not store what says no-store',
    'RFC 9111 §3: a reply must not be stored where it says no-store, in whatever case, place and company',
  ],
  [
    '3',
    'do not store what says private',
    'RFC 9111 §3: a reply must not be stored where it says private, with or without the names of fields',
  ],
  [
    '3',
    'store what came of Authorization only where the reply allows it',
    'RFC 9111 §3.5: a reply to a request with a credential is not stored where the key does not hold whose it is, whatever the reply says: public and s-maxage do not suffice',
    'RFC 9111 §3.5: a reply to a request with a credential is stored for all where the policy says that callers share, and the reply itself that it is for all',
  ],
  [
    '3',
    'store only with a lifetime, public or a status that is stored unasked',
    'RFC 9111 §3: a reply must not be stored unless it says how long it is fresh, or is public, or has a status that is stored unasked and a time for that',
  ],

  [
    '3.1',
    'store all fields, unknown ones too',
    'RFC 9111 §3.1: all fields are stored, unknown ones too, in their order and number',
  ],
  [
    '3.1',
    'do not store fields of one proxy',
    'RFC 9111 §3.1: what is of one connection or one proxy is not stored, nor what Connection names',
  ],
  [
    '3.1',
    'do not mix trailers with the head',
    'RFC 9111 §3.1: trailer fields are not stored among the fields of the head',
  ],
  [
    '3.2',
    'an update adds and replaces all fields but those that tell how to read the octets',
    'RFC 9111 §3.2: a 304 replaces all fields of each name, adds new ones, and leaves what tells how to read the octets',
  ],

  [
    '3.3',
    'do not store parts without support of ranges',
    'RFC 9111 §3: a reply must not be stored unless it is whole: neither a 206 nor one with Content-Range',
    'RFC 9111 §4.3.2: a client that asks for a range gets what is stored whole, and else asks the upstream, whose answer is not stored',
  ],
  [
    '3.3',
    'do not answer with what is not whole',
    'RFC 9111 §3.3: a body that is shorter than its head says is not stored, nor one that is longer',
    'RFC 9111 §3.3: nothing is found before the end of a body, and nothing if that never comes',
    'a body that breaks off is not stored, and one in chunks is stored whole',
  ],
  [
    '3.3',
    'do not give a part without saying 206',
    'HEAD is answered from the reply to GET, and a client that has it already gets 304',
  ],
  [
    '3.4',
    'parts that are combined update the fields (none are combined)',
    'RFC 9111 §3: a reply must not be stored unless it is whole: neither a 206 nor one with Content-Range',
  ],
  [
    '3.5',
    'use what came of Authorization for others only where the reply allows it',
    'RFC 9111 §3.5: a reply to a request with a credential is stored where the key holds whose it is, and found by nobody else',
    'RFC 9111 §3.5: a reply to a request with a credential is stored for all where the policy says that callers share, and the reply itself that it is for all',
    'one reply for everybody needs the word of the upstream too',
  ],

  [
    '4',
    'use only for the same target',
    'RFC 9111 §4: a stored reply must not be used unless host, path and query are the same',
    'keys: no part of a key can pass for another',
  ],
  [
    '4',
    'use only for a method that it answers',
    'RFC 9111 §4: a stored reply must not be used unless the method is one that it answers: GET, and HEAD with its fields',
  ],
  [
    '4',
    'use only where the fields that it names are the same',
    'RFC 9111 §4.1: a reply is used only where all fields that it names are the same',
  ],
  [
    '4',
    'do not use unasked what says no-cache',
    'RFC 9111 §4: a stored reply must not be used unasked where it says no-cache, however fresh it is',
  ],
  [
    '4',
    'use only what is fresh, may be stale or was validated',
    'RFC 9111 §4: a stored reply must not be used unless it is fresh: at the end of its lifetime it is not',
    'what is stale is validated, and good again where the upstream says so',
  ],
  [
    '4',
    'say the age, in the place of any Age that it came with',
    'RFC 9111 §4: the age of a stored reply is told to whoever gets it, in whole seconds',
    'RFC 9111 §4: the Age that a stored reply came with is replaced by its age now',
  ],
  [
    '4',
    'write unsafe methods through',
    'RFC 9111 §4: what may change something is written through: the upstream answers it, whatever is stored',
  ],
  [
    '4',
    'of several that fit use the one made last',
    'RFC 9111 §4: of several stored replies that answer a request the one that was made last is used',
  ],
  [
    '4.1',
    'do not use a variant for other fields',
    'RFC 9111 §4.1: a reply is used only where all fields that it names are the same',
    'RFC 9111 §4.1: absent is the same as absent only, and not as empty',
    'RFC 9111 §4.1: several lines are one value',
    'RFC 9111 §4.1: white space and case are the same only in fields where they mean nothing',
    'RFC 9111 §4.1: a star never matches, alone or among names',
  ],
  ['4.2', 'no local time zone in any age or lifetime', 'RFC 9111 §4.2: the time zone of the machine changes no date'],
  [
    '4.2.2',
    'no heuristics where a lifetime is said',
    'RFC 9111 §4.2.2: a time of our own is never put in the place of one that the reply says',
  ],
  [
    '4.2.3',
    'the age counts from when the request was made',
    'RFC 9111 §4.2.3: the age it came with counts, and so does the time it took to come',
  ],
  [
    '4.2.4',
    'nothing stale where a directive forbids it',
    'RFC 9111 §4.2.4: a stale reply is not used where must-revalidate, proxy-revalidate, s-maxage or no-cache forbid it, whatever client and policy say',
  ],
  [
    '4.2.4',
    'nothing stale unless somebody allows it',
    'RFC 9111 §4.2.4: a stale reply is not used where nobody allows it',
    'without a word of the upstream or the configuration nothing stale stands in',
  ],

  [
    '4.3.1',
    'validate with the entity tag',
    'RFC 9111 §4.3.1: a stored reply is validated with its entity tag and its Last-Modified, where it has them',
  ],
  [
    '4.3.2',
    'leave to the origin the conditions that only it may judge',
    'RFC 9111 §4.3.2: a client with conditions that only an origin may judge is not answered from the cache, and what it gets is not stored',
  ],
  [
    '4.3.2',
    'no tag of a part in a union of tags (no union is made)',
    'RFC 9111 §4.3.2: a client with conditions asks with them of the cache alone: they do not go along with a fetch',
  ],
  [
    '4.3.2',
    '200 where a 304 names a tag that the client does not have',
    'RFC 9111 §4.3.2: where a 304 names a tag that the client does not have, it gets the stored reply whole',
  ],
  [
    '4.3.3',
    'a full reply to a validation is the one that is given',
    'what is stale is replaced where the upstream has another',
  ],
  [
    '4.3.4',
    'a 304 with another strong validator updates nothing',
    'RFC 9111 §4.3.4: a 304 that names another strong tag, or another weak one, changes nothing and is not used',
    'a 304 that speaks of something else is not believed: all of it is asked for',
  ],
  [
    '4.3.4',
    'a 304 updates the fields of what it validates',
    'RFC 9111 §4.3.4: a 304 makes what is stored fresh again, by its own Date and fields',
  ],
  [
    '4.3.5',
    'an update by HEAD takes its fields (it throws out or leaves, and updates nothing)',
    'RFC 9111 §4.3.5: a reply to HEAD that differs in tag, date or length throws out what is stored, and one that does not leaves it',
  ],
  [
    '4.4',
    'invalidate the target of an unsafe method that did not fail',
    'RFC 9111 §4.4: invalidation: comes with every reply but an error to a method that may change something, unknown methods included',
    'RFC 9111 §4.4: invalidation: throws out all that lies at the place: every query, every variant, everybody’s',
    'a request that may change something makes what is stored for its path no good',
  ],
  [
    '4.4',
    'invalidate nothing of another origin',
    'RFC 9111 §4.4: invalidation: Location and Content-Location make nothing of another origin no good',
  ],

  [
    '5.2',
    'pass cache directives through',
    'RFC 9111 §5.2: cache directives pass through in both directions, those that nobody knows too, with a cache and without',
    'RFC 9111 §5.2: cache directives stand in what is given from the store, and in what is validated, as they came',
  ],
  [
    '5.2.1.5',
    'store nothing for a request with no-store',
    'RFC 9111 §5.2.1.5: what a client forbids to store is not stored, whether its word is heeded else or not',
  ],
  [
    '5.2.1.5',
    'let go of it at once',
    'RFC 9111 §5.2.1.5, §5.2.2.5: of what must not be stored nothing is held behind it, and no other request finds it',
  ],
  [
    '5.2.2',
    'obey the directives of a reply',
    'RFC 9111 §4.2.1: s-maxage comes before max-age, that before Expires, and each before what the configuration says',
    'RFC 9111 §5.2.2: a reply whose Cache-Control can’t be read is not stored',
  ],
  [
    '5.2.2.2',
    'must-revalidate: nothing stale unless validated',
    'RFC 9111 §4.2.4: a stale reply is not used where must-revalidate, proxy-revalidate, s-maxage or no-cache forbid it, whatever client and policy say',
  ],
  [
    '5.2.2.2',
    'must-revalidate: an error where the upstream is out of reach',
    'what must be validated never stands in',
    'RFC 5861: what must be validated is not served stale for a failure either (RFC 9111 §5.2.2.2)',
  ],
  [
    '5.2.2.4',
    'no-cache: nothing unless validated',
    'RFC 9111 §4: a stored reply must not be used unasked where it says no-cache, however fresh it is',
  ],
  [
    '5.2.2.5',
    'no-store: neither stored nor used for another request',
    'RFC 9111 §3: a reply must not be stored where it says no-store, in whatever case, place and company',
    'RFC 9111 §5.2.1.5, §5.2.2.5: of what must not be stored nothing is held behind it, and no other request finds it',
  ],
  [
    '5.2.2.6',
    'no-transform: the content stays as it is (but for docs/adr/0034-decoded-bodies.md)',
    'RFC 9111 §5.2.2.6: what says no-transform is given as it came, octet for octet and in its coding, from the store too',
  ],
  [
    '5.2.2.7',
    'private: not stored for others, nor the fields that it names',
    'RFC 9111 §3: a reply must not be stored where it says private, with or without the names of fields',
    'RFC 9111 §3.5: a private reply is stored only where the policy says so and the key holds whose it is',
  ],
  [
    '5.2.2.8',
    'proxy-revalidate: nothing stale unless validated',
    'RFC 9111 §4.2.4: a stale reply is not used where must-revalidate, proxy-revalidate, s-maxage or no-cache forbid it, whatever client and policy say',
  ],
  [
    '5.2.2.10',
    's-maxage: nothing stale unless validated',
    'RFC 9111 §4.2.4: a stale reply is not used where must-revalidate, proxy-revalidate, s-maxage or no-cache forbid it, whatever client and policy say',
  ],
  [
    '5.2.3',
    'directives that nobody knows say nothing',
    'RFC 9111 §5.2.3: a reply with directives that nobody knows says nothing by them',
    'RFC 9111 §5.2.3: a client whose word is heeded says nothing with directives that nobody knows',
  ],
  [
    '5.3',
    'an Expires that is no date has expired',
    'RFC 9111 §5.3: a reply has expired where Expires is no date, above all 0, or there are several',
  ],
  [
    '5.3',
    'max-age and s-maxage: Expires says nothing',
    'RFC 9111 §5.3: where max-age or s-maxage is said, Expires counts for nothing, neither a date nor what is none',
  ],
];

test('each thing that RFC 9111 demands of a shared cache is held by a test that is there and runs', () => {
  const titles = new Set<string>();
  // One in a comment, or one that is skipped, doesn't count: the test itself follows its title at once.
  const head = /^test\('([^'\n]+)', (?:async )?\(/gm;
  for (const { path, text } of typescriptFiles('src'))
    if (isTest(path)) for (const [, title] of text.matchAll(head)) titles.add(title as string);
  const lost = MUSTS.flatMap(([section, demand, ...held]) =>
    held.filter((title) => !titles.has(title)).map((title) => `§${section} (${demand}): there is no test '${title}'`),
  );
  assert.deepEqual(lost, []);
});
