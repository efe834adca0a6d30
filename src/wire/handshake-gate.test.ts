import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Handshake, HandshakeGate } from './handshake-gate.ts';

/** A gate whose handshakes take so long each, and whose turns end when they are told to. */
function gateOf(eachMs: number) {
  const time = { nowMs: 0 };
  const turns: (() => void)[] = [];
  const begun: number[] = [];
  const gate = new HandshakeGate(
    () => time.nowMs,
    (callback) => void turns.push(callback),
  );
  const handshake = (name: number): Handshake => ({
    begin() {
      begun.push(name);
      time.nowMs += eachMs;
    },
  });
  const endTurn = (): void => turns.shift()?.();
  return { gate, handshake, begun, turns, endTurn, time };
}

test('one that comes alone begins at once', () => {
  const { gate, handshake, begun, endTurn, turns } = gateOf(50);
  for (const name of [1, 2, 3]) {
    assert.equal(gate.enter(handshake(name)), true);
    endTurn();
  }
  assert.deepEqual([begun, turns.length, gate.waiting], [[1, 2, 3], 0, 0]);
});

test('a turn takes 4 ms of them, and the others follow in their order', () => {
  const { gate, handshake, begun, endTurn, turns } = gateOf(1.5);
  for (let name = 1; name <= 8; name++) gate.enter(handshake(name));
  assert.deepEqual([begun, gate.waiting], [[1, 2, 3], 5]);
  endTurn();
  assert.deepEqual(begun, [1, 2, 3, 4, 5, 6]);
  // Whoever comes now does not pass those who wait.
  gate.enter(handshake(9));
  assert.deepEqual(begun, [1, 2, 3, 4, 5, 6]);
  endTurn();
  assert.deepEqual(begun, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  endTurn();
  assert.equal(turns.length, 0);
});

test('a crowd behind a long turn and a quiet time has no more of its turn than any other', () => {
  const { gate, handshake, begun, endTurn, time } = gateOf(1);
  gate.enter(handshake(1));
  time.nowMs += 3_000;
  endTurn();
  time.nowMs += 60_000;
  for (let name = 2; name <= 50; name++) gate.enter(handshake(name));
  assert.equal(begun.length, 5);
});

test('where a turn has much else to do they get a third of it, so that whoever comes is not let wait for ever', () => {
  const { gate, handshake, begun, endTurn, time } = gateOf(1);
  for (let name = 1; name <= 50; name++) gate.enter(handshake(name));
  assert.equal(begun.length, 4);
  time.nowMs += 56;
  endTurn();
  assert.equal(begun.length, 24);
  endTurn();
  assert.equal(begun.length, 31);
  endTurn();
  assert.equal(begun.length, 35);
});

test('one that takes longer than a turn has still has its turn', () => {
  const { gate, handshake, begun, endTurn } = gateOf(100);
  for (const name of [1, 2, 3]) gate.enter(handshake(name));
  assert.deepEqual(begun, [1]);
  endTurn();
  assert.deepEqual(begun, [1, 2]);
  endTurn();
  assert.deepEqual(begun, [1, 2, 3]);
});

test('no more than 1,024 wait, and one that is given up makes room and never begins', () => {
  const { gate, handshake, begun, endTurn, turns } = gateOf(5);
  const all = Array.from({ length: 1_026 }, (_, name) => handshake(name));
  const entered = all.map((one) => gate.enter(one));
  assert.deepEqual([entered.filter(Boolean).length, entered.at(-1), gate.waiting], [1_025, false, 1_024]);
  gate.leave(all[1] as Handshake);
  gate.leave(all[1] as Handshake);
  assert.equal(gate.enter(handshake(5_000)), true);
  while (turns.length > 0) endTurn();
  assert.equal(begun.length, 1_025);
  assert.equal(begun.includes(1), false);
  assert.equal(begun.at(-1), 5_000);
});
