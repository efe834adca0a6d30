import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { chooseByName } from './names.ts';

/** What a measurement is told, or the exit code where it is not asked. */
async function told(...args: string[]): Promise<unknown> {
  let words: unknown = null;
  const run = async (given: readonly string[]): Promise<object> => {
    words = given;
    return {};
  };
  const choices = {
    plain: async () => ({}),
    later: null,
    chosen: { options: ['--short'], choices: { '--only': ['one', 'two'] }, run: run as never },
  };
  mock.method(console, 'log', () => {});
  const complaints = mock.method(console, 'error', () => {});
  const code = await chooseByName('bench', choices, args);
  assert.equal(complaints.mock.callCount(), code === 0 ? 0 : 1);
  mock.restoreAll();
  return words ?? code;
}

test('a measurement gets the options that it has, and those that take a word only with one of theirs', async () => {
  assert.equal(await told('plain'), 0);
  assert.deepEqual(await told('chosen'), []);
  assert.deepEqual(await told('chosen', '--short', '--only', 'two'), ['--short', '--only', 'two']);
  for (const args of [
    [],
    ['later'],
    ['other'],
    ['toString'],
    ['plain', '--short'],
    ['chosen', '--long'],
    ['chosen', '--only'],
    ['chosen', '--only', 'three'],
    ['chosen', 'two'],
    ['chosen', '--only', '--short'],
  ])
    assert.equal(await told(...args), 2, args.join(' '));
});
