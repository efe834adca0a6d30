import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { handOverLater, sendLater, sendPutOff } from './turn-end.ts';

/** What happens, in order. */
class Log {
  readonly said: string[] = [];

  writer(name: string): { flush(): void } {
    return { flush: () => this.said.push(`${name} is sent`) };
  }

  work(name: string, also: () => void = () => {}): { atTurnEnd(): void } {
    return {
      atTurnEnd: () => {
        this.said.push(`${name} is handed over`);
        also();
      },
    };
  }
}

test('what is handed over at the end of a turn sends its own texts in the same turn', async () => {
  const log = new Log();
  sendLater(log.writer('a'));
  handOverLater(log.work('b', () => sendLater(log.writer('c'))));
  assert.deepEqual(log.said, []);
  await setImmediate();
  assert.deepEqual(log.said, ['b is handed over', 'a is sent', 'c is sent']);
});

test('each is handed over once, and one that asks again while it is handed over has its turn next', async () => {
  const log = new Log();
  const again = log.work('b');
  handOverLater(log.work('a', () => handOverLater(again)));
  handOverLater(log.work('c'));
  await setImmediate();
  assert.deepEqual(log.said, ['a is handed over', 'c is handed over']);
  await setImmediate();
  assert.deepEqual(log.said, ['a is handed over', 'c is handed over', 'b is handed over']);
  await setImmediate();
  assert.equal(log.said.length, 3);
});

test('a thread that ends sends its texts and hands nothing over', async () => {
  const log = new Log();
  handOverLater(log.work('a'));
  sendLater(log.writer('b'));
  sendPutOff();
  assert.deepEqual(log.said, ['b is sent']);
  await setImmediate();
  assert.deepEqual(log.said, ['b is sent', 'a is handed over']);
});

test('sixteen texts wait at most, also while others are handed over', async () => {
  const log = new Log();
  handOverLater(
    log.work('a', () => {
      for (let at = 0; at < 20; at++) sendLater(log.writer('text'));
      log.said.push('the work is done');
    }),
  );
  await setImmediate();
  assert.equal(log.said.indexOf('the work is done'), 17);
  assert.equal(log.said.length, 22);
});
