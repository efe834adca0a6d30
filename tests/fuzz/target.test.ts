import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalizeTarget } from '../../src/wire/index.ts';
import { findProgram } from '../bench/child.ts';
import { skipOrFail } from '../system/skip.ts';
import { changed, changeOf, seedsOf } from './mutation.ts';
import { TARGET_PEERS, type TargetReader } from './target-peers.ts';

// What is matched and judged is our canonical form. A server behind us that understands another path is a way round it.

const RUNS = 400;
const SEEDS = seedsOf(2);

const PIECE = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'admin',
    '~u',
    '.',
    '..',
    '...',
    '.a',
    'a.',
    '-',
    '_',
    ':',
    '@',
    '$&',
    "!'()*",
    '+',
    ',',
    '=',
  ),
  fc.constantFrom('%2e', '%2E', '%2f', '%2F', '%5c', '%25', '%252e', '%2525', '%25%32%65', '%61', '%41', '%7e', '%40'),
  fc.constantFrom(
    '%3b',
    '%3f',
    '%23',
    '%20',
    '%7f',
    '%00',
    '%0a',
    '%c3%a9',
    '%C3%A9',
    '%c0%ae',
    '%e2%82%ac',
    '%f0%9f%98%80',
  ),
  fc.constantFrom('%u002e', '%', '%2', '%zz', ';', ';a=1', '\\', '"', '<', '^', '|', '{', '#', '\x80', '[', ']'),
);
/** Mostly such as pass; a part of them as none should. */
const SOUND_PIECE = fc.constantFrom(
  'a',
  'b',
  '.a',
  'a.',
  '%61',
  '%41',
  '%7e',
  '%40',
  '%20',
  '%25',
  '%252e',
  '%252f',
  '%3f',
  '%23',
  '%c3%a9',
  '%3b',
);
const SEGMENT = fc.oneof(
  { weight: 4, arbitrary: fc.array(SOUND_PIECE, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join('')) },
  { weight: 1, arbitrary: fc.array(PIECE, { maxLength: 3 }).map((pieces) => pieces.join('')) },
);
const PATH = fc.array(SEGMENT, { minLength: 1, maxLength: 5 }).map((segments) => `/${segments.join('/')}`);
const QUERY = fc.option(
  fc
    .array(fc.oneof(PIECE, fc.constantFrom('&', 'a=1', '/', '?', '_method=x', 'x[]=1')), { maxLength: 4 })
    .map((pieces) => `?${pieces.join('')}`),
  { nil: '' },
);
const TARGET = fc.tuple(PATH, QUERY, fc.option(changeOf(2), { freq: 4, nil: null })).map(([path, query, change]) => {
  const text = `${path}${query}`;
  return change === null ? text : changed(Buffer.from(text, 'latin1'), change).toString('latin1');
});

/** Octets that `%XX` stands for, decoded once. */
function decoded(text: string): Buffer {
  const plain = text.replaceAll(/%([0-9A-F]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(plain, 'latin1');
}

/** What a request line can carry at all. */
const IN_A_LINE = /^[\x21-\xff]+$/;

async function compare(reader: TargetReader, target: string): Promise<boolean> {
  const ours = canonicalizeTarget(target);
  if (ours.fault !== null || !IN_A_LINE.test(target)) return false;
  const canonical = ours.query === null ? ours.path : `${ours.path}?${ours.query}`;
  assert.deepEqual(canonicalizeTarget(canonical), ours, `${target}: our own form is not read as itself`);
  const theirs = await reader.understand(canonical);
  const shown = `${target} → ${canonical}`;
  assert.ok(theirs !== null, `${shown}: what we pass on is refused`);
  assert.equal(theirs.path.toString('latin1'), decoded(ours.path).toString('latin1'), shown);
  assert.equal(theirs.query, ours.query ?? '', shown);
  // What the client sent means the same to them, so no second reading of it lies about.
  const raw = await reader.understand(target);
  if (raw !== null) assert.equal(raw.path.toString('latin1'), theirs.path.toString('latin1'), `${target} as it came`);
  return true;
}

for (const peer of TARGET_PEERS) {
  test(`${peer.name} understands of every target that passes what was judged (seeds ${SEEDS.join(', ')})`, async (t) => {
    if (findProgram(peer.program) === null) {
      skipOrFail(t, `${peer.name} is not installed (Debian package ${peer.program})`);
      return;
    }
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-targets-'));
    const reader = await peer.start(folder);
    try {
      for (const seed of SEEDS) {
        let passed = 0;
        const property = fc.asyncProperty(TARGET, async (target) => {
          if (await compare(reader, target)) passed++;
        });
        await fc.assert(property, { seed, numRuns: RUNS });
        assert.ok(passed > RUNS / 10, `${passed} of ${RUNS} passed (seed ${seed})`);
      }
    } finally {
      await reader.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
}

test(`a browser's reading of a path that passes is that path (seeds ${SEEDS.join(', ')})`, () => {
  for (const seed of SEEDS)
    fc.assert(
      fc.property(TARGET, (target) => {
        const ours = canonicalizeTarget(target);
        if (ours.fault !== null) return;
        assert.equal(new URL(`http://a.test${ours.path}`).pathname, ours.path);
      }),
      { seed, numRuns: RUNS * 5 },
    );
});
