import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { Kysely, SqliteDialect } from 'kysely';
import { forKysely, openDatabase } from './database.ts';

interface Tables {
  readonly notes: { readonly text: string };
}

/** A database that may grow by so many pages, and Kysely over it. */
function limited(t: TestContext, morePages: number): { database: DatabaseSync; kysely: Kysely<Tables> } {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'portcullis-database-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const opened = openDatabase(join(folder, 'a.db'), { lockWaitMs: 20, shared: false });
  assert.ok(opened.ok);
  const database = opened.value;
  database.exec('create table notes (text text not null)');
  const pages = Number(Object.values(database.prepare('pragma page_count').get() ?? {})[0]);
  database.exec(`pragma max_page_count = ${pages + morePages}`);
  const kysely = new Kysely<Tables>({ dialect: new SqliteDialect({ database: forKysely(database) }) });
  t.after(() => kysely.destroy());
  return { database, kysely };
}

const write = (kysely: Kysely<Tables>, texts: readonly string[]): Promise<void> =>
  kysely.transaction().execute(async (trx) => {
    for (const text of texts) await trx.insertInto('notes').values({ text }).execute();
  });

test('a transaction on a full disk fails with the reason, leaves nothing, and the next one works', async (t) => {
  const { database, kysely } = limited(t, 2);
  await assert.rejects(write(kysely, ['small', 'x'.repeat(100_000)]), /full/);
  assert.equal(database.isTransaction, false);
  assert.deepEqual(await kysely.selectFrom('notes').selectAll().execute(), []);
  await write(kysely, ['small']);
  database.exec('pragma max_page_count = 1000');
  await write(kysely, ['x'.repeat(100_000)]);
  assert.equal((await kysely.selectFrom('notes').selectAll().execute()).length, 2);
});

test('a transaction that its own code gives up is rolled back', async (t) => {
  const { database, kysely } = limited(t, 100);
  const work = kysely.transaction().execute(async (trx) => {
    await trx.insertInto('notes').values({ text: 'a' }).execute();
    throw new Error('given up');
  });
  await assert.rejects(work, /given up/);
  assert.equal(database.isTransaction, false);
  assert.deepEqual(await kysely.selectFrom('notes').selectAll().execute(), []);
});
