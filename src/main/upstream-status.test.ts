import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UpstreamReport } from '../gateway/index.ts';
import { targetExposition, targetStatuses } from './upstream-status.ts';

type State = UpstreamReport['targets'][number]['state'];

function threadWith(states: Readonly<Record<string, State>>): { readonly upstreams: readonly UpstreamReport[] } {
  const targets = Object.entries(states).map(([name, state], at) => ({
    ...{ name, state, sinceMs: 100 + at, untilMs: state === 'ejected' ? 900 : null },
    reason: state === 'ejected' || state === 'down' ? 'ECONNRESET' : '',
  }));
  return { upstreams: [{ name: 'orders', scheme: 'http', targets }] };
}

test('of each target the worst state of all threads is told, the worst first, and how many threads ask it', () => {
  const told = targetStatuses([
    threadWith({ 'a:1': 'up', 'b:1': 'up' }),
    null,
    threadWith({ 'a:1': 'up', 'b:1': 'ejected' }),
    threadWith({ 'a:1': 'starting', 'b:1': 'starting' }),
  ]);
  assert.deepEqual(told, [
    {
      ...{ upstream: 'orders', target: 'http://b:1', state: 'ejected', since: 101, until: 900 },
      ...{ reason: 'ECONNRESET', threads: 3, asking: 2 },
    },
    {
      ...{ upstream: 'orders', target: 'http://a:1', state: 'starting', since: 100, until: null },
      ...{ reason: '', threads: 3, asking: 3 },
    },
  ]);
  assert.deepEqual(targetExposition(told).split('\n').slice(1), [
    '# TYPE portcullis_upstream_target_up gauge',
    'portcullis_upstream_target_up{api="orders",target="http://b:1"} 0.6666666666666666',
    'portcullis_upstream_target_up{api="orders",target="http://a:1"} 1',
    '',
  ]);
});

test('where no upstream has several targets or checks nothing is told', () => {
  assert.deepEqual(targetStatuses([{ upstreams: [] }, null]), []);
  assert.equal(targetExposition([]), '');
});

test('of very many targets the worst thousand are told', () => {
  const states = Object.fromEntries(
    Array.from({ length: 1_500 }, (_, at): [string, State] => [`t${at}:1`, at === 1_400 ? 'down' : 'up']),
  );
  const told = targetStatuses([threadWith(states)]);
  assert.equal(told.length, 1_000);
  assert.equal(told[0]?.target, 'http://t1400:1');
});
