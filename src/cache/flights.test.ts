import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Flights, type FlightWord, type Waiter } from './index.ts';

/** One who waits, and what it was told. */
class Client implements Waiter {
  readonly words: FlightWord[] = [];
  readonly #then: (word: FlightWord) => void;

  constructor(then: (word: FlightWord) => void = () => {}) {
    this.#then = then;
  }

  told(word: FlightWord): void {
    this.words.push(word);
    this.#then(word);
  }
}

const clients = (count: number): Client[] => Array.from({ length: count }, () => new Client());
const wordsOf = (all: readonly Client[]): string[] => all.map(({ words }) => words.join());

function flight(count: number): { flights: Flights; waiting: Client[] } {
  const flights = new Flights(100);
  assert.equal(flights.join('k', new Client(), 0), 'lead');
  const waiting = clients(count);
  for (const client of waiting) assert.equal(flights.join('k', client, 0), 'wait');
  return { flights, waiting };
}

test('the first leads, the others wait, and those of another key do not wait for it', () => {
  const { flights } = flight(2);
  assert.ok(flights.isFlying('k'));
  assert.equal(flights.join('other', new Client(), 0), 'lead');
  assert.equal(flights.size, 2);
});

test('keys for which nobody waits are remembered within bounds, however long they are', () => {
  const flights = new Flights(100);
  const key = (at: number): string => `${at}`.padEnd(10_000, 'x');
  for (let at = 0; at < 1_000; at++) {
    flights.join(key(at), new Client(), 0);
    flights.notStored(key(at), 0);
    assert.ok(flights.shunnedCharacters <= 1_048_576);
  }
  assert.equal(flights.join(key(999), new Client(), 0), 'alone');
  assert.equal(flights.join(key(0), new Client(), 0), 'lead');
  for (let at = 0; at < 1_000; at++) flights.join(key(at), new Client(), 10_000);
  assert.equal(flights.shunnedCharacters, 0);
});

test('all hear once how it ended', () => {
  for (const word of ['landed', 'failed'] as const) {
    const { flights, waiting } = flight(3);
    flights[word]('k');
    assert.deepEqual(wordsOf(waiting), [word, word, word]);
    flights[word]('k');
    flights.abandoned('k');
    assert.deepEqual(wordsOf(waiting), [word, word, word]);
    assert.equal(flights.size, 0);
    assert.equal(flights.join('k', new Client(), 0), 'lead');
  }
});

test('where the reply is not stored all go alone, and for ten seconds nobody waits', () => {
  const { flights, waiting } = flight(3);
  flights.notStored('k', 1_000);
  assert.deepEqual(wordsOf(waiting), ['alone', 'alone', 'alone']);
  assert.equal(flights.join('k', new Client(), 10_999), 'alone');
  assert.equal(flights.isFlying('k'), false);
  assert.equal(flights.join('k', new Client(), 11_000), 'lead');
});

test('where the reply is lost this once all go alone, and the next ones wait again', () => {
  const { flights, waiting } = flight(2);
  flights.lost('k');
  assert.deepEqual(wordsOf(waiting), ['alone', 'alone']);
  assert.equal(flights.join('k', new Client(), 1), 'lead');
});

test('when the leader leaves the one who has waited longest leads, and hears nothing more', () => {
  const { flights, waiting } = flight(3);
  flights.abandoned('k');
  assert.deepEqual(wordsOf(waiting), ['lead', '', '']);
  flights.abandoned('k');
  assert.deepEqual(wordsOf(waiting), ['lead', 'lead', '']);
  flights.landed('k');
  assert.deepEqual(wordsOf(waiting), ['lead', 'lead', 'landed']);
});

test('twenty thousand who give up the moment they lead do so one behind the other', () => {
  const flights = new Flights(20_000);
  flights.join('k', new Client(), 0);
  const all = Array.from({ length: 20_000 }, () => new Client(() => flights.abandoned('k')));
  for (const client of all) flights.join('k', client, 0);
  flights.abandoned('k');
  assert.ok(all.every(({ words }) => words.join() === 'lead'));
  assert.equal(flights.size, 0);
  assert.equal(flights.join('k', new Client(), 0), 'lead');
});

test('when all have left the flight is over', () => {
  const { flights, waiting } = flight(2);
  for (const client of waiting) flights.leave('k', client);
  flights.abandoned('k');
  assert.equal(flights.size, 0);
  assert.deepEqual(wordsOf(waiting), ['', '']);
});

test('over so many who wait the next go alone', () => {
  const flights = new Flights(2);
  const said = clients(5).map((client) => flights.join('k', client, 0));
  assert.deepEqual(said, ['lead', 'wait', 'wait', 'alone', 'alone']);
});

test('who leaves while others are told is not told', () => {
  const flights = new Flights(10);
  flights.join('k', new Client(), 0);
  const late = new Client();
  const early = new Client(() => flights.leave('k', late));
  flights.join('k', early, 0);
  flights.join('k', late, 0);
  flights.landed('k');
  assert.deepEqual(wordsOf([early, late]), ['landed', '']);
});

test('who joins the same key while told begins a flight of its own', () => {
  const flights = new Flights(10);
  flights.join('k', new Client(), 0);
  const seats: string[] = [];
  const again = (): Client => new Client(() => seats.push(flights.join('k', new Client(), 0)));
  for (const client of [again(), again(), again()]) flights.join('k', client, 0);
  flights.landed('k');
  assert.deepEqual(seats, ['lead', 'wait', 'wait']);
});

test('what is remembered of replies that are not stored has a bound', () => {
  const flights = new Flights(1);
  for (let at = 0; at < 5_000; at++) flights.notStored(`k${at}`, 0);
  const alone = Array.from({ length: 5_000 }, (_, at) => flights.join(`k${at}`, new Client(), 1)).filter(
    (seat) => seat === 'alone',
  );
  assert.equal(alone.length, 4_096);
});

type Act = 'join' | 'leave' | 'landed' | 'notStored' | 'lost' | 'failed' | 'abandoned';
const ACTS: readonly Act[] = [
  'join',
  'join',
  'join',
  'join',
  'leave',
  'landed',
  'notStored',
  'lost',
  'failed',
  'abandoned',
];

test('whatever happens in whatever order, everybody hears one word or has left, and a flight has one leader', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...ACTS), fc.constantFrom('a', 'b'), fc.nat(20)), {
        minLength: 10,
        maxLength: 80,
      }),
      (acts) => {
        const flights = new Flights(5);
        const leaders = new Map<string, number>();
        const waiting: { client: Client; key: string; left: boolean }[] = [];
        const lead = (key: string, by: number): number =>
          leaders.set(key, (leaders.get(key) ?? 0) + by).get(key) as number;
        let nowMs = 0;
        for (const [act, key, number] of acts) {
          nowMs += 1_000;
          if (act === 'join') {
            const client = new Client((word) => word === 'lead' && lead(key, 1));
            const seat = flights.join(key, client, nowMs);
            if (seat === 'lead') assert.equal(lead(key, 1), 1, 'one leader');
            if (seat === 'wait') waiting.push({ client, key, left: false });
          } else if (act === 'leave') {
            const one = waiting[number % Math.max(1, waiting.length)];
            if (one !== undefined && one.client.words.length === 0) {
              flights.leave(one.key, one.client);
              one.left = true;
            }
          } else if ((leaders.get(key) ?? 0) > 0) {
            lead(key, -1);
            if (act === 'notStored') flights.notStored(key, nowMs);
            else flights[act](key);
            assert.ok((leaders.get(key) ?? 0) <= 1);
            assert.equal(flights.isFlying(key), leaders.get(key) === 1);
          }
        }
        for (const key of ['a', 'b']) while (flights.isFlying(key)) flights.abandoned(key);
        for (const { client, left } of waiting) assert.equal(client.words.length, left ? 0 : 1);
      },
    ),
    { numRuns: 1_000 },
  );
});
