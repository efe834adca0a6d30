import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { skipOrFail } from '../system/skip.ts';
import { collectDocuments, hasDocuments, INSTALL } from './collection.ts';
import { compileDocument } from './judged.ts';
import { createTally, type Tally, tallyDocument } from './tally.ts';

const SEED = 20_260_131;
const EVERY = 5;
const OPERATIONS = 20;

/** Why a document of the collection may be refused; each says what to look at. */
const REASONS: readonly RegExp[] = [
  /^has a pattern that (?:uses|repeats|names|has|is) /,
  /^the template … (?:matches the same paths|has two parameters|holds|has) /,
  /^(?:is empty|names no type|has no …|must be a response, but refers to a schema)$/,
];

let counted: Tally | null = null;

/** All tests look at one run. */
function tally(): Tally {
  if (counted !== null) return counted;
  counted = createTally();
  for (const document of collectDocuments(EVERY))
    tallyDocument(counted, document, { seed: SEED, operations: OPERATIONS });
  return counted;
}

test('several hundred documents of public APIs compile, or are refused for a reason that says what to mend', (t) => {
  if (!hasDocuments()) return skipOrFail(t, `the documents are not installed: ${INSTALL}`);
  const { documents, compiled, versions, refusals } = tally();
  assert.ok(documents >= 500, `only ${documents} documents`);
  assert.ok(compiled >= documents * 0.95, `only ${compiled} of ${documents} compile`);
  assert.ok((versions['3.1'] ?? 0) >= 40 && (versions['3.0'] ?? 0) >= 400, JSON.stringify(versions));
  for (const [reason, where] of refusals)
    assert.ok(
      REASONS.some((known) => known.test(reason)),
      `${reason}: ${where[0]}`,
    );
});

test('calls as the documents describe them pass', (t) => {
  if (!hasDocuments()) return skipOrFail(t, `the documents are not installed: ${INSTALL}`);
  const { refusedValid, validCalls, validBodies, misMade } = tally();
  assert.deepEqual(refusedValid.slice(0, 3), []);
  assert.ok(validCalls > 6000, `only ${validCalls} calls were made`);
  const [forms = 0, xml = 0] = ['multipart/form-data', 'application/xml'].map((type) => validBodies[type]);
  assert.ok(forms >= 40 && xml >= 60, `only ${forms} forms of parts and ${xml} bodies of XML were made`);
  // These are not as the documents have it, or nobody can tell.
  assert.ok(misMade < validCalls / 100, `${misMade} calls were made wrong`);
});

test('calls that were made wrong in one way do not pass', (t) => {
  if (!hasDocuments()) return skipOrFail(t, `the documents are not installed: ${INSTALL}`);
  const { passedMutated, mutatedCalls, mutatedBy } = tally();
  assert.deepEqual(passedMutated.slice(0, 3), []);
  assert.ok(mutatedCalls > 25_000, `only ${mutatedCalls} calls were made wrong`);
  assert.ok(Object.keys(mutatedBy).length >= 22, Object.keys(mutatedBy).join(', '));
});

test('replies as the documents describe them pass; of others goes what is not described, or all', (t) => {
  if (!hasDocuments()) return skipOrFail(t, `the documents are not installed: ${INSTALL}`);
  const { refusedReplies, passedReplies, validReplies, mutatedReplies, repliesRefused } = tally();
  assert.deepEqual(refusedReplies.slice(0, 3), []);
  assert.deepEqual(passedReplies.slice(0, 3), []);
  assert.ok(validReplies > 10_000 && mutatedReplies > 30_000, `only ${validReplies} and ${mutatedReplies} replies`);
  assert.ok(repliesRefused < 100, `replies of ${repliesRefused} operations are not judged`);
});

test('a document of version 2.0 is refused, and it is told what to do', () => {
  const file = fileURLToPath(import.meta.resolve('@readme/oas-examples/2.0/json/petstore.json'));
  const compiled = compileDocument(JSON.parse(readFileSync(file, 'utf8')));
  assert.ok(!compiled.ok);
  assert.deepEqual(compiled.reasons, [
    { ...compiled.reasons[0], path: '/swagger', message: 'Swagger 2.0 is not read' },
  ]);
});
