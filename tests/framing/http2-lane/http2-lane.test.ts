import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { itemOf } from '../case.ts';
import { frameCases } from '../corpus/http2-frames.ts';
import { http2Cases } from '../corpus/http2.ts';
import { requestCases } from '../corpus/index.ts';
import { type GatewayProcess, startGateway } from '../gateway-process.ts';
import { closeLanes, configurationFor, type Lane, openLanes } from '../lane.ts';
import { DRESSES } from './dress.ts';
import type { FrameCase, LaneCase } from './lane-case.ts';
import { runFrameCase } from './run-frames.ts';
import { dressesFor, type LaneRecord, runLaneCase } from './run-lane.ts';
import { translateAll, WITHOUT_MEANING } from './translate.ts';

const LANES = 8;

const corpus = translateAll(requestCases);

interface Results {
  readonly ofCorpus: LaneRecord[];
  readonly ofHttp2: LaneRecord[];
  readonly ofFrames: string[];
  /** Cases that could not be run. */
  readonly broken: string[];
}

interface Job {
  readonly name: string;
  readonly run: (lane: Lane) => Promise<void>;
}

/** Runs all cases, as many at a time as there are lanes. */
async function runAll(gateway: GatewayProcess, lanes: readonly Lane[]): Promise<Results> {
  const results: Results = { ofCorpus: [], ofHttp2: [], ofFrames: [], broken: [] };
  const ofLane = (into: LaneRecord[], subject: LaneCase): Job => ({
    name: subject.name,
    run: async (lane) => void into.push(...(await runLaneCase(gateway, lane, subject))),
  });
  const ofFrames = (subject: FrameCase): Job => ({
    name: subject.name,
    run: async (lane) => {
      const complaints = await runFrameCase(gateway, lane, subject);
      results.ofFrames.push(...complaints.map((text) => `${subject.name} — ${text}`));
    },
  });
  const jobs = [
    ...corpus.cases.map((subject) => ofLane(results.ofCorpus, subject)),
    ...http2Cases.map((subject) => ofLane(results.ofHttp2, subject)),
    ...frameCases.map(ofFrames),
  ];
  // One iterator for all lanes: each takes the next case when it is free.
  const queue = jobs.values();
  const work = async (lane: Lane): Promise<void> => {
    for (const { name, run } of queue) {
      // A gateway that is gone must not hide what the other cases found.
      await run(lane).catch((error: unknown) => void results.broken.push(`${name} — ${String(error)}`));
    }
  };
  await Promise.all(lanes.map(work));
  return results;
}

describe('the framing corpus over HTTP/2', { concurrency: false }, () => {
  let gateway: GatewayProcess;
  let lanes: Lane[];
  let results: Results;

  before(async () => {
    lanes = await openLanes(LANES);
    gateway = await startGateway(configurationFor(lanes));
    results = await runAll(gateway, lanes);
  });

  after(async () => {
    await gateway?.stop();
    await closeLanes(lanes ?? []);
  });

  test('each case of the corpus is run, or means nothing for a reason that is said', () => {
    const without = Object.values(corpus.without).reduce((sum, count) => sum + count, 0);
    assert.equal(corpus.translated + without, requestCases.length);
    assert.deepEqual({ translated: corpus.translated, without }, { translated: 1007, without: 291 });
    for (const { reason } of WITHOUT_MEANING) assert.ok((corpus.without[reason] ?? 0) > 0, reason);
    // Items of the acceptance list that HTTP/1.1 can't show.
    for (const item of [34, 38, 60])
      assert.ok(
        http2Cases.some((subject) => itemOf(subject) === item),
        `${item}`,
      );
    const all = [...corpus.cases, ...http2Cases];
    const expected = all.reduce((sum, subject) => sum + dressesFor(subject).length, 0);
    assert.equal(results.ofCorpus.length + results.ofHttp2.length, expected);
    assert.ok(http2Cases.length + frameCases.length >= 250 && corpus.cases.length >= 1_200);
    const names = all.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name, at) => names.indexOf(name) !== at),
      [],
    );
  });

  test('each case could be run', () => {
    assert.equal(results.broken.length, 0, results.broken.slice(0, 20).join('\n'));
  });

  for (const dress of DRESSES) {
    test(`cases of HTTP/1.1 come out as they must, written as ${dress}`, () => {
      assertHeld(results.ofCorpus.filter((record) => record.dress === dress));
    });
    test(`cases of HTTP/2 come out as they must, written as ${dress}`, () => {
      assertHeld(results.ofHttp2.filter((record) => record.dress === dress));
    });
  }

  test('frames that no library sends come out as they must', () => {
    assert.equal(results.ofFrames.length, 0, results.ofFrames.slice(0, 60).join('\n'));
  });

  test('nothing of a refused request reached an origin', () => {
    const wrong = [...results.ofCorpus, ...results.ofHttp2].filter(({ reachedWrongly }) => reachedWrongly);
    assert.deepEqual(
      wrong.map(({ name, dress }) => `${name} — ${dress}`),
      [],
    );
  });
});

function assertHeld(records: readonly LaneRecord[]): void {
  assert.ok(records.length > 0);
  const complaints = records.flatMap(({ name, complaints: found }) => found.map((text) => `${name} — ${text}`));
  assert.equal(complaints.length, 0, complaints.slice(0, 60).join('\n'));
}
