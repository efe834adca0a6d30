import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Notebook, type Noted, Notes } from './notes.ts';

/** A note is an object: what is made of something once is no number. */
type Note = readonly string[];

const subjectOf = (): Noted => Object.freeze({ notes: new Notes() });

test('a note is found by the notebook it is in and the object it is of, even where that is frozen', () => {
  const [one, other] = [new Notebook<Noted, Note>(), new Notebook<Noted, Note>()];
  const [a, b] = [subjectOf(), subjectOf()];
  one.set(a, ['a']);
  assert.deepEqual([one.get(a), one.get(b), other.get(a)], [['a'], undefined, undefined]);
});

test('a copy of an object has none of its notes, though it has the same room', () => {
  const book = new Notebook<Noted, Note>();
  const original = subjectOf();
  book.set(original, ['of the original']);
  const copy = { ...original };
  assert.equal(book.get(copy), undefined);
  book.set(copy, ['of the copy']);
  assert.deepEqual([book.get(original), book.get(copy)], [['of the original'], ['of the copy']]);
});

test('a copy that is noted first leaves the original without its notes', () => {
  const book = new Notebook<Noted, Note>();
  const original = subjectOf();
  const copy = { ...original };
  book.set(copy, ['of the copy']);
  assert.equal(book.get(original), undefined);
  book.set(original, ['of the original']);
  assert.deepEqual([book.get(original), book.get(copy)], [['of the original'], ['of the copy']]);
});

test('what is noted is not seen by whoever writes the object down, and notes lead into no circle', () => {
  const book = new Notebook<Noted, Note>();
  const subject = subjectOf();
  book.set(subject, ['secret']);
  assert.equal(JSON.stringify(subject), '{"notes":{}}');
});

test('any number of notebooks, objects and copies behave as WeakMaps do', () => {
  const step = fc.record({ book: fc.nat(3), subject: fc.nat(5), note: fc.tuple(fc.string()) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const originals = [subjectOf(), subjectOf(), subjectOf()];
      const subjects = [...originals, ...originals.map((original) => ({ ...original }))];
      const books = Array.from({ length: 4 }, () => new Notebook<Noted, Note>());
      const models = books.map(() => new WeakMap<Noted, Note>());
      for (const { book, subject, note } of steps) {
        books[book]?.set(subjects[subject] as Noted, note);
        models[book]?.set(subjects[subject] as Noted, note);
        for (const [at, each] of books.entries())
          for (const one of subjects) assert.equal(each.get(one), models[at]?.get(one));
      }
    }),
  );
});
