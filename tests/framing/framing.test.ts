import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { itemOf } from './case.ts';
import { runCorpus, type RunRecord } from './corpus-run.ts';
import { replyCases, requestCases } from './corpus/index.ts';
import { type GatewayProcess, startGateway } from './gateway-process.ts';
import { closeLanes, configurationFor, type Lane, openLanes } from './lane.ts';

// Items of the acceptance list that HTTP/1.1 without credentials can show; 34, 38 and 60 are of HTTP/2, 39 needs client certificates.
const ITEMS = [...Array(49).keys()].slice(1).concat([54, 55, 56, 57, 58, 59, 63]);
const ELSEWHERE = new Set([19, 34, 38, 39]);

describe('the framing corpus', { concurrency: false }, () => {
  let gateway: GatewayProcess;
  let lanes: Lane[];
  let records: RunRecord[];

  before(async () => {
    lanes = await openLanes(24);
    gateway = await startGateway(configurationFor(lanes));
    records = await runCorpus(gateway, lanes);
  });

  after(async () => {
    await gateway?.stop();
    await closeLanes(lanes ?? []);
  });

  test('has a case for every item, and no name twice', () => {
    const items = new Set([...requestCases, ...replyCases].map(itemOf));
    assert.deepEqual(
      ITEMS.filter((item) => !items.has(item) && !ELSEWHERE.has(item)),
      [],
    );
    const names = [...requestCases, ...replyCases].map(({ name }) => name);
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
    assert.ok(requestCases.length >= 330, `${requestCases.length} cases`);
  });

  for (const split of ['whole', 'bytes'] as const) {
    for (const kind of ['refused', 'forwarded', 'mixed', 'reply'] as const) {
      test(`${kind} cases come out as they must, sent ${split === 'whole' ? 'whole' : 'byte by byte'}`, () => {
        const chosen = records.filter((record) => record.split === split && record.kind === kind);
        assert.ok(chosen.length > 0);
        const complaints = chosen.flatMap(({ name, complaints: found }) => found.map((text) => `${name} — ${text}`));
        assert.equal(complaints.length, 0, complaints.slice(0, 60).join('\n'));
      });
    }
  }

  test('nothing of a refused request reached an origin', () => {
    assert.deepEqual(
      records.filter(({ reachedWrongly }) => reachedWrongly).map(({ name }) => name),
      [],
    );
  });
});
